import { describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.ts';
import { startApplication } from '../support/migrate/crash/application.ts';
import { describeMigration, undisturbed, unlike } from '../support/migrate/crash/describe-migration.ts';
import { killSeed } from '../support/migrate/crash/kill-points.ts';
import { copyKind, leaf, old, source, target } from '../support/migrate/crash/kinds.ts';
import { randomDeaths } from '../support/migrate/crash/random-deaths.ts';
import { describeDatabase } from '../support/migrate/describe-database.ts';
import { compareLedger } from '../support/migrate/ledger.ts';
import { hold, holdAfterSwitch, holdLock, type InTheWay, kill, killParked, waitUntilParked } from '../support/migrate/parking.ts';
import { type LockPlan, unplannedLocks } from '../support/migrate/planned-locks.ts';
import { compareBoth, createRevenues } from '../support/migrate/revenues.ts';
import { createReader } from '../support/reader.ts';
import { waitFor } from '../support/wait-for.ts';

/** What a verification writes down after it has compared the first range of keys. */
const verifiedChunk = 'INSERT INTO partitiond.migration_chunk (migration_id, ordinal, rows, mismatches) VALUES (1, 1, 0, 0)';

describe('a migration whose process is killed', () => {
  it('goes on by the same command in every step, under planned locks, beside a reader and writers with half a second', async () => {
    const expected = await undisturbed(copyKind);
    await using revenues = await createRevenues();
    const { database } = revenues;
    const plan: LockPlan = JSON.parse(await revenues.ok('plan', '--json'));
    const unplanned: string[] = [];
    const looking = (...steps: readonly number[]) => ({
      meanwhile: async () => {
        unplanned.push(...(await unplannedLocks(database, plan, steps)));
      },
    });
    const phases: string[] = [];
    const killAt = async (action: readonly [string, ...string[]], inTheWay: InTheWay, ...steps: readonly number[]): Promise<void> => {
      phases.push(await killParked(revenues, action, inTheWay, looking(...steps).meanwhile));
    };
    const application = await startApplication(database, copyKind);
    const { quietly } = application;
    const longReader = await hold(database, `SELECT count(*) FROM ${source}`);

    await killAt(['start'], await hold(database, `CREATE TABLE ${target} ()`), 1);
    await killAt(['start'], await hold(database, `CREATE TABLE ${leaf} ()`), 1);
    await killAt(['start'], await holdLock(database, source, 'ROW EXCLUSIVE'), 2);
    await killAt(['start'], await holdLock(database, target, 'ROW EXCLUSIVE'), 2);
    await killAt(['start'], await holdLock(database, 'partitiond.migration_source', 'SHARE'), 3);
    await killAt(['start'], await holdLock(database, leaf, 'SHARE'), 4);
    await revenues.ok('start', '--until', 'backfill');
    await killAt(['start'], await holdLock(database, leaf, 'SHARE'), 5);
    await killAt(['start'], await holdLock(database, leaf, 'ROW EXCLUSIVE'), 5, 6);
    await killAt(['start'], await hold(database, verifiedChunk), 5, 7);
    await quietly(async () => {
      await revenues.ok('start');
      expect(await compareBoth(revenues, 'before')).toEqual([]);
      expect(unlike(await describeMigration(revenues), expected.ready)).toEqual([]);
    });

    await killAt(['switch'], longReader, 5, 8);
    {
      await using program = revenues.start('switch');
      const inTheWay = await holdAfterSwitch(database, await hold(database, `SELECT FROM ${source} LIMIT 1`), program);
      phases.push(await waitUntilParked(database, inTheWay, program));
      await looking(9, 10).meanwhile();
      await kill(program);
      await inTheWay.release();
    }
    await killAt(['switch'], await holdLock(database, old, 'ACCESS EXCLUSIVE'), 9, 10);
    await revenues.ok('switch');
    await quietly(async () => {
      await revenues.ok('start');
      expect(await compareBoth(revenues, 'after')).toEqual([]);
      expect(unlike(await describeMigration(revenues), expected.switched)).toEqual([]);
    });

    await killAt(['start'], await holdLock(database, old, 'SHARE'), 10);
    await killAt(['rollback'], await hold(database, `SELECT FROM ${source} LIMIT 1`), 10, 8);
    await revenues.ok('rollback');
    await quietly(async () => {
      await revenues.ok('start');
      expect(await compareBoth(revenues, 'before')).toEqual([]);
      expect(unlike(await describeMigration(revenues), expected.back)).toEqual([]);
    });
    await revenues.ok('verify');
    await revenues.ok('switch');
    await killAt(['finish', '--yes'], await hold(database, `SELECT FROM ${source} LIMIT 1`), 10, 11);
    await revenues.ok('finish', '--yes');
    const errors = await application.stop();
    expect(await compareLedger(database.url, source)).toEqual([]);
    expect(unlike(await describeMigration(revenues), expected.finished)).toEqual([]);
    expect(phases.join(' ')).toBe(
      'prepare prepare prepare prepare prepare backfill catch-up index verify ready switched switched switched switched switched',
    );
    expect([...new Set(unplanned)]).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('loses no row to kills and lost sessions at random instants, in both directions and to the end', async () => {
    const expected = await undisturbed(copyKind);
    await using revenues = await createRevenues();
    const { database } = revenues;
    const application = await startApplication(database, copyKind, 5_000);
    const { through, ends } = randomDeaths(revenues, killSeed);
    await through(['start'], 5);
    await through(['switch'], 3);
    await through(['rollback'], 2);
    await through(['verify'], 1);
    await through(['switch'], 1);
    await through(['finish', '--yes'], 1);
    expect(await application.stop()).toEqual([]);
    expect(await compareLedger(database.url, source)).toEqual([]);
    expect(unlike(await describeMigration(revenues), expected.finished), `PARTITIOND_KILL_SEED=${killSeed}`).toEqual([]);
    expect(ends.filter((end) => end === 'SIGKILL').length).toBeGreaterThan(3);
  });

  it('leaves the schema as it was when aborted out of any phase, after a rollback too, and when the abort itself was killed', async () => {
    await using revenues = await createRevenues({ rows: 2_000 });
    const { database } = revenues;
    const outside = async (): Promise<readonly string[]> =>
      (await describeDatabase(database)).filter((line) => !/^\w+ partitiond\b/.test(line));
    const ours = async (): Promise<readonly string[]> =>
      (await describeDatabase(database)).filter((line) => /\b(capture|guard)_\d/.test(line));
    const before = await outside();
    const aborted = async (): Promise<void> => {
      expect(JSON.parse(await revenues.ok('abort', '--json'))).toMatchObject({ phase: 'aborted' });
      expect([...unlike(await outside(), before), ...(await ours())]).toEqual([]);
    };

    expect(await killParked(revenues, ['start'], await hold(database, `CREATE TABLE ${leaf} ()`))).toBe('prepare');
    await aborted();
    expect(await killParked(revenues, ['start'], await holdLock(database, source, 'ROW EXCLUSIVE'))).toBe('prepare');
    await aborted();
    // Its oid is not known to the journal by a name, so the target is found by what was written in the transaction that made it.
    await revenues.ok('start', '--until', 'prepare');
    expect(await killParked(revenues, ['start'], await holdLock(database, leaf, 'SHARE'))).toBe('backfill');
    await aborted();
    await revenues.ok('start', '--until', 'backfill');
    await database.query(`UPDATE ${source} SET amount = amount + 1`);
    await database.query(`UPDATE public.ledger SET amount = amount + 1`);
    expect(await killParked(revenues, ['start'], await holdLock(database, leaf, 'SHARE'))).toBe('catch-up');
    expect(await killParked(revenues, ['start'], await holdLock(database, leaf, 'ROW EXCLUSIVE'))).toBe('index');
    await aborted();
    await revenues.ok('start');
    await revenues.ok('switch');
    expect((await revenues.run('abort')).stderr).toMatch(/migrate rollback/);
    await revenues.ok('rollback');
    expect(await killParked(revenues, ['abort'], await hold(database, `SELECT FROM ${source} LIMIT 1`))).toBe('ready');
    await aborted();
    expect(await compareLedger(database.url, source)).toEqual([]);
  });

  it.concurrent('runs in one process at a time: another gives way, takes over from a stopped one, and that one harms nothing when it wakes', async () => {
    await using revenues = await createRevenues();
    const { database } = revenues;
    await revenues.ok('start', '--until', 'prepare');
    const inTheWay = await holdLock(database, leaf, 'SHARE');
    await using first = revenues.start('start');
    expect(await waitUntilParked(database, inTheWay, first)).toBe('backfill');
    expect(await revenues.run('start')).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('PD307') });
    first.signal('SIGSTOP');
    await inTheWay.release();
    await waitFor(
      'the second to take over',
      () => revenues.run('start'),
      ({ exitCode }) => exitCode === 0,
      { timeoutMs: 90_000, pollMs: 500 },
    );
    await database.query(`UPDATE ${source} SET amount = 5 WHERE id % 7 = 0; UPDATE public.ledger SET amount = 5 WHERE id % 7 = 0`);
    first.signal('SIGCONT');
    const { exitCode, stderr } = await first.exited;
    expect([3, 5], stderr).toContain(exitCode);
    await revenues.ok('start');
    expect(await compareBoth(revenues, 'before')).toEqual([]);
    expect(unlike(await describeMigration(revenues), (await undisturbed(copyKind)).ready)).toEqual([]);
  });

  it.concurrent('pauses when the disk is full, says so, and goes on when there is room', async () => {
    await using revenues = await createRevenues();
    const { database } = revenues;
    await database.query(`CREATE FUNCTION public.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`);
    const full = `CREATE TRIGGER disk_is_full BEFORE INSERT ON ${leaf} FOR EACH ROW EXECUTE FUNCTION public.full()`;
    const room = `DROP TRIGGER disk_is_full ON ${leaf}`;
    const pausedBy = async (phase: string): Promise<void> => {
      expect(await revenues.run('start')).toMatchObject({ exitCode: 4, stderr: expect.stringMatching(/paused: .*No space left.*PD602/s) });
      const status = JSON.parse(await revenues.ok('status', '--json'));
      expect(status).toMatchObject({ phase, paused: { kind: 'disk', reason: expect.stringMatching(/Make room/) } });
    };
    await revenues.ok('start', '--until', 'prepare');
    await database.query(full);
    await pausedBy('backfill');
    await database.query(room);
    await revenues.ok('start', '--until', 'backfill');
    await database.query(`${full}; UPDATE ${source} SET amount = 5; UPDATE public.ledger SET amount = 5`);
    await pausedBy('catch-up');
    await database.query(`${room}; DROP FUNCTION public.full`);
    await revenues.ok('start');
    expect(await compareBoth(revenues, 'before')).toEqual([]);
    expect(unlike(await describeMigration(revenues), (await undisturbed(copyKind)).ready)).toEqual([]);
  });
});

describe('a migration whose server crashes', () => {
  it('loses a batch together with its note, and nothing after the switch', async () => {
    // Batches wait for nobody to flush them; what was committed durably must be there.
    await using cluster = await startCluster({
      settings: { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', wal_writer_delay: '10s' },
    });
    const copy = 'copy: { pace: 20, workers: 1, batchTime: 10ms }';
    await using revenues = await createRevenues({ serverUrl: cluster.url, rows: 8_000, migration: copy });
    const { database } = revenues;
    const readNotes = async () =>
      await createReader(database.url).query(`SELECT coalesce((SELECT sum(rows) FROM partitiond.migration_range), 0)::int4 AS noted,
        (SELECT count(*) FROM ${target})::int4 AS copied, (SELECT phase FROM partitiond.migration) AS phase`);
    {
      await using program = revenues.start('start');
      await waitFor('two batches', readNotes, ([seen]) => Number(seen?.['noted']) > 2_000);
      await cluster.restart('immediate');
      expect([3, 4]).toContain((await program.exited).exitCode);
    }
    const [after] = await readNotes();
    expect(after).toMatchObject({ phase: 'backfill', copied: after?.['noted'] });
    expect(Number(after?.['noted'])).toBeLessThan(8_000);
    await revenues.ok('start');
    const write = `UPDATE ${source} SET amount = 9 WHERE id % 3 = 0; UPDATE public.ledger SET amount = 9 WHERE id % 3 = 0`;
    await createReader(database.url).query(`BEGIN; ${write}; COMMIT`);
    {
      await using program = revenues.start('switch');
      const kind = () => createReader(database.url).query(`SELECT relkind FROM pg_class WHERE oid = '${source}'::regclass`);
      await waitFor('the switch', kind, ([row]) => row?.['relkind'] === 'p', { pollMs: 5 });
      await cluster.restart('immediate');
      await program.exited;
      expect(await kind()).toEqual([{ relkind: 'p' }]);
    }
    await createReader(database.url).query(`BEGIN; ${write.replaceAll('9', '8')}; COMMIT`);
    await revenues.ok('switch');
    expect(await compareBoth(revenues, 'after')).toEqual([]);
    await revenues.ok('rollback');
    expect(await compareBoth(revenues, 'before')).toEqual([]);
  });
});
