import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.ts';
import { describeDatabase } from '../support/migrate/describe-database.ts';
import { compareLedger, startLedgerWriters } from '../support/migrate/ledger.ts';
import { hold, holdAfterSwitch, holdLock, type InTheWay, kill, killParked, waitUntilParked } from '../support/migrate/parking.ts';
import { type LockPlan, startReader, unplannedLocks } from '../support/migrate/planned-locks.ts';
import { compareBoth, createRevenues, firstDay, old, type Revenues, source, target } from '../support/migrate/revenues.ts';
import { createReader } from '../support/reader.ts';
import type { RunningProgram } from '../support/run-partitiond.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { waitFor } from '../support/wait-for.ts';

/** Everything that must be as if nothing had happened: the catalog, and where the journal says that the migration is. */
async function describeMigration({ database }: Revenues): Promise<readonly string[]> {
  const state = await database.query<{ line: string }>(`
    SELECT format('journal: %s, live %s, paused %s, fingerprint %s, %s mismatches, %s', phase, live, paused_kind, fingerprint IS NULL,
        verdict ->> 'mismatches', last_switch ->> 'direction') AS line FROM partitiond.migration
    UNION ALL SELECT format('ranges: from %s, %s, up to the end %s', min(from_block), state, max(to_block) = s.blocks)
      FROM partitiond.migration_range AS r JOIN partitiond.migration_source AS s USING (migration_id) GROUP BY state, s.blocks`);
  return [...state.map(({ line }) => line), ...(await describeDatabase(database))];
}

/** Lines that only one of both has. */
function unlike(found: readonly string[], expected: readonly string[]): readonly string[] {
  const only = (what: string, a: readonly string[], b: readonly string[]): readonly string[] =>
    a.filter((line) => !b.includes(line)).map((line) => `${what} ${line}`);
  return [...only('+', found, expected), ...only('-', expected, found)];
}

/** What an undisturbed run comes to, by the phase it has reached. */
let story: ReturnType<typeof tellUndisturbed> | null = null;
const undisturbed = (): ReturnType<typeof tellUndisturbed> => (story ??= tellUndisturbed());

async function tellUndisturbed(): Promise<Record<'ready' | 'switched' | 'back' | 'finished', readonly string[]>> {
  await using revenues = await createRevenues();
  await revenues.ok('start');
  const ready = await describeMigration(revenues);
  await revenues.ok('switch');
  const switched = await describeMigration(revenues);
  await revenues.ok('rollback');
  await revenues.ok('start');
  const back = await describeMigration(revenues);
  await revenues.ok('verify');
  await revenues.ok('switch');
  await revenues.ok('finish', '--yes');
  return { ready, switched, back, finished: await describeMigration(revenues) };
}

const writing = { table: source, writers: 2, from: firstDay, days: 290, pauseMs: 20, budgetMs: 500 } as const;

/** What a verification writes down after it has compared the first range of keys. */
const verifiedChunk = 'INSERT INTO partitiond.migration_chunk (migration_id, ordinal, rows, mismatches) VALUES (1, 1, 0, 0)';

describe('a migration whose process is killed', () => {
  it('goes on by the same command in every step, under planned locks, beside a reader and writers with half a second', async () => {
    const expected = await undisturbed();
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
    const reader = await startReader(database);
    let writers = await startLedgerWriters(database.url, { ...writing, seed: 1 });
    const errors: string[] = [];
    /** Nobody writes while both tables are compared. */
    const quietly = async (body: () => Promise<void>): Promise<void> => {
      await writers.stop();
      errors.push(...writers.errors);
      await body();
      writers = await startLedgerWriters(database.url, { ...writing, seed: writers.statements + 1 });
    };
    const leaf = 'public.revenues_2026_04';
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
      expect(await compareBoth(revenues, target)).toEqual([]);
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
      expect(await compareBoth(revenues, old)).toEqual([]);
      expect(unlike(await describeMigration(revenues), expected.switched)).toEqual([]);
    });

    await killAt(['start'], await holdLock(database, old, 'SHARE'), 10);
    await killAt(['rollback'], await hold(database, `SELECT FROM ${source} LIMIT 1`), 10, 8);
    await revenues.ok('rollback');
    await quietly(async () => {
      await revenues.ok('start');
      expect(await compareBoth(revenues, target)).toEqual([]);
      expect(unlike(await describeMigration(revenues), expected.back)).toEqual([]);
    });
    await revenues.ok('verify');
    await revenues.ok('switch');
    await killAt(['finish', '--yes'], await hold(database, `SELECT FROM ${source} LIMIT 1`), 10, 11);
    await revenues.ok('finish', '--yes');
    await writers.stop();
    await reader.stop();
    expect(await compareLedger(database.url, source)).toEqual([]);
    expect(unlike(await describeMigration(revenues), expected.finished)).toEqual([]);
    expect(phases.join(' ')).toBe(
      'prepare prepare prepare prepare prepare backfill catch-up index verify ready switched switched switched switched switched',
    );
    expect([...new Set(unplanned)]).toEqual([]);
    expect([...errors, ...writers.errors, ...reader.errors]).toEqual([]);
  });

  it('loses no row to kills and lost sessions at random instants, in both directions and to the end', async () => {
    const expected = await undisturbed();
    await using revenues = await createRevenues();
    const { database } = revenues;
    const writers = await startLedgerWriters(database.url, { ...writing, budgetMs: 5_000, seed: 20 });
    const random = seededRandom(20_261_122);
    /** One of the program's sessions, the coordinator's or a worker's, is ended; when there is none just now, the program. */
    const endSession = async (program: RunningProgram): Promise<void> => {
      const sessions = await database.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'partitiond:%' ORDER BY pid`,
      );
      const session = sessions[Math.floor(random() * sessions.length)];
      if (session === undefined) program.signal('SIGKILL');
      else await database.query(`SELECT pg_terminate_backend(${session.pid})`);
    };
    const ends: string[] = [];
    const through = async (action: readonly [string, ...string[]], disturbances: number): Promise<void> => {
      const [name, ...rest] = action;
      for (let left = disturbances; left > 0; left -= 1) {
        await using program = revenues.start(name, ...rest);
        await Promise.race([delay(300 + random() * 900), program.exited]);
        if (left % 3 === 0) await endSession(program);
        else program.signal('SIGKILL');
        const { exitCode, signal, stderr } = await program.exited;
        ends.push(signal ?? String(exitCode));
        if (exitCode === 0) return;
        if (exitCode !== null && exitCode !== 3 && exitCode !== 4 && exitCode !== 5) throw new Error(`exit code ${exitCode}\n${stderr}`);
      }
      await revenues.ok(name, ...rest);
    };
    await through(['start'], 6);
    await through(['switch'], 4);
    await through(['rollback'], 3);
    await through(['verify'], 1);
    await through(['switch'], 2);
    await through(['finish', '--yes'], 2);
    await writers.stop();
    expect(writers.errors).toEqual([]);
    expect(await compareLedger(database.url, source)).toEqual([]);
    expect(unlike(await describeMigration(revenues), expected.finished)).toEqual([]);
    expect(ends.filter((end) => end === 'SIGKILL').length).toBeGreaterThan(5);
  });

  it('leaves the schema as it was when aborted out of any phase, after a rollback too, and when the abort itself was killed', async () => {
    await using revenues = await createRevenues({ rows: 2_000 });
    const { database } = revenues;
    const leaf = 'public.revenues_2026_04';
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

  it('runs in one process at a time: another gives way, takes over from a stopped one, and that one harms nothing when it wakes', async () => {
    await using revenues = await createRevenues();
    const { database } = revenues;
    await revenues.ok('start', '--until', 'prepare');
    const inTheWay = await holdLock(database, 'public.revenues_2026_04', 'SHARE');
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
    expect(await compareBoth(revenues, target)).toEqual([]);
    expect(unlike(await describeMigration(revenues), (await undisturbed()).ready)).toEqual([]);
  });

  it('pauses when the disk is full, says so, and goes on when there is room', async () => {
    await using revenues = await createRevenues();
    const { database } = revenues;
    await database.query(`CREATE FUNCTION public.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`);
    const full = `CREATE TRIGGER disk_is_full BEFORE INSERT ON public.revenues_2026_04 FOR EACH ROW EXECUTE FUNCTION public.full()`;
    const room = 'DROP TRIGGER disk_is_full ON public.revenues_2026_04';
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
    expect(await compareBoth(revenues, target)).toEqual([]);
    expect(unlike(await describeMigration(revenues), (await undisturbed()).ready)).toEqual([]);
  });
});

describe('a migration whose server crashes', () => {
  it('loses a batch together with its note, and nothing after the switch', async () => {
    // Batches wait for nobody to flush them; what was committed durably must be there.
    await using cluster = await startCluster({
      settings: { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', wal_writer_delay: '10s' },
    });
    const copy = 'copy: { pace: 20, workers: 1, batchTime: 10ms }';
    await using revenues = await createRevenues({ serverUrl: cluster.url, rows: 20_000, migration: copy });
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
    expect(Number(after?.['noted'])).toBeLessThan(20_000);
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
    expect(await compareBoth(revenues, old)).toEqual([]);
    await revenues.ok('rollback');
    expect(await compareBoth(revenues, target)).toEqual([]);
  });
});
