import { describe, expect, it } from 'vitest';
import { readFingerprint } from '../../../src/catalog/migration/read-definition.ts';
import { renderCreateLog } from '../../../src/ddl/migration/capture/capture-log.ts';
import { leaseKey } from '../../../src/journal/migration/lease/lease-key.ts';
import { takeLease } from '../../../src/journal/migration/lease.ts';
import { readMigration } from '../../../src/journal/migration/records.ts';
import { setPause } from '../../../src/journal/pause.ts';
import { type EngineRequest, openEngine } from '../../../src/migrate/run/open-engine.ts';
import { clearMigrationPause } from '../../../src/migrate/run/pause-migration.ts';
import { readStatus } from '../../../src/migrate/run/read-status.ts';
import { runMigration, verifyNow } from '../../../src/migrate/run/run-migration.ts';
import { saveMigration } from '../../../src/migrate/save.ts';
import { abort } from '../../../src/migrate/switch/abort.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { systemClock } from '../../../src/postgres/clock.ts';
import { connectSession } from '../../../src/postgres/session.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { type HandMadeEngine, handMade } from '../../support/migrate/hand-made.ts';
import { ready } from '../../support/migrate/ready.ts';
import { noAbort, openSession } from '../../support/open-session.ts';

/** As a process asks for the migration that `made` stands for. */
function requestOf(database: TestDatabase, made: HandMadeEngine): EngineRequest {
  const { id, spec, policy, surroundings } = made;
  return {
    id,
    table: spec.table,
    policy,
    database: 'app',
    journalSchema: surroundings.journalSchema,
    safety: surroundings.safety,
    clock: systemClock,
    who: 'partitiond:migrate test',
    observe: surroundings.observe,
    takeOverWithinMs: 0,
    connect: (applicationName, signal) =>
      connectSession({ kind: 'url', url: database.url }, { applicationName, statementTimeoutMs: 0, lockTimeoutMs: 100 }, signal),
  };
}

describe('an engine', () => {
  it('is one at a time, and the next one fences whoever only believes to run the migration', async () => {
    await using database = await createDatabase();
    await using made = await handMade(database);
    const request = requestOf(database, made);
    const first = await openEngine(request, noAbort);
    await saveMigration(first.engine, { phase: 'catch-up' }, noAbort);
    expect(first.engine.record).toMatchObject({ phase: 'catch-up', table: { schema: 'public', name: 'revenues' } });
    await expect(openEngine(request, noAbort)).rejects.toMatchObject({ name: 'NotLeaderError', code: 'PD307' });

    // Its lock is lost and its session is not, as behind a pooler.
    await first.engine.session.execute('SELECT pg_catalog.pg_advisory_unlock_all()', noAbort);
    const second = await openEngine(request, noAbort);
    expect(second.engine.record.phase).toBe('catch-up');
    await expect(saveMigration(first.engine, { phase: 'ready' }, noAbort)).rejects.toMatchObject({ code: 'PD301' });
    await saveMigration(second.engine, { phase: 'index' }, noAbort);
    await first.close();
    await second.close();
    const third = await openEngine(request, noAbort);
    expect(third.engine.record.phase).toBe('index');
    await third.close();
  });

  it('waits for workers of a killed process, ends those that stay, and lets none in meanwhile', async () => {
    await using database = await createDatabase();
    await using made = await handMade(database);
    await using session = await openSession(database);
    const killed = await database.client();
    killed.on('error', () => undefined);
    const key = leaseKey('partitiond', made.id, 'workers').toString();
    await killed.query(`SELECT pg_advisory_lock_shared(${key})`);
    // Past its guard, so that the epoch cannot be raised either.
    await killed.query(`BEGIN; ${made.guardSql}; INSERT INTO public.revenues_partitioned SELECT * FROM public.revenues WHERE id = 1`);
    const asleep = killed.query('SELECT pg_sleep(3600)').catch((error: unknown) => error);
    const lease = { schema: 'partitiond', id: made.id, holder: 'h', clock: systemClock, coordinatorWaitMs: 0, workersWaitMs: 2_000 };
    const taken = await takeLease(session, lease, noAbort);
    expect(taken?.epoch).toBe(2n);
    expect(await asleep).toMatchObject({ code: '57P01' });
    expect(await database.query('SELECT id FROM public.revenues_partitioned')).toEqual([]);
    // Given back, or no worker of the new process could begin.
    const [held] = await database.query(`SELECT pg_try_advisory_lock(${key}) AS held`);
    expect(held).toEqual({ held: true });
  });
});

describe('a migration that must stop', () => {
  it('pauses when somebody changes the table, and goes on when start finds it undone', async () => {
    await using database = await createDatabase();
    await using made = await handMade(database, { phase: 'ready' });
    await database.query(renderCreateLog(made.spec, 'partitiond', made.id).join(';'));
    const running = { engine: made, brakes: () => [] };
    await saveMigration(made, { fingerprint: await readFingerprint(made.session, made.record.sourceOid, noAbort) }, noAbort);
    await database.query('ALTER TABLE public.revenues ADD COLUMN extra int');
    const refusal = { name: 'MigrationError', code: 'PD602', message: expect.stringMatching(/public\.revenues is paused.*migrate abort/) };
    await expect(runMigration(running, 'ready', noAbort)).rejects.toMatchObject(refusal);
    const stored = await readMigration(made.session, 'partitiond', made.id, noAbort);
    expect(stored.paused?.kind).toBe('definition');
    expect(made.events).toContainEqual(expect.objectContaining({ kind: 'migration-paused', reason: 'definition' }));

    // Still there: neither a run that is not a start nor a start goes on.
    await expect(runMigration(running, 'ready', noAbort)).rejects.toMatchObject(refusal);
    await clearMigrationPause(made, noAbort);
    await expect(runMigration(running, 'ready', noAbort)).rejects.toMatchObject(refusal);
    const row = `partitiond_capture_${made.id}_row`;
    await database.query(
      `CREATE TRIGGER ${row} AFTER INSERT ON public.revenues FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
    );
    await clearMigrationPause(made, noAbort);
    await expect(runMigration(running, 'ready', noAbort)).rejects.toThrow(
      new RegExp(
        `${row} of partitiond is set to ENABLE,.*was added.*Turn on again what is off: ALTER TABLE public.revenues ENABLE REPLICA TRIGGER ${row};`,
      ),
    );
    await database.query(`DROP TRIGGER ${row} ON public.revenues`);
    await database.query('ALTER TABLE public.revenues DROP COLUMN extra');
    await clearMigrationPause(made, noAbort);
    expect((await readMigration(made.session, 'partitiond', made.id, noAbort)).paused).toBeNull();
    // Beyond that phase there is nothing to do.
    await runMigration(running, 'verify', noAbort);
  });

  it('pauses when capture was off in between, though all looks as before, and is switched only when a verification found nothing', async () => {
    await using database = await createDatabase();
    await using engine = await ready(database, { policy: { interval: parseInterval('3 months'), premake: 1 } });
    const running = { engine, brakes: () => [] };
    await runMigration(running, 'ready', noAbort);
    await database.query(`
      ALTER TABLE public.revenues DISABLE TRIGGER USER;
      UPDATE public.revenues SET amount = 77 WHERE id = 7;
      ALTER TABLE public.revenues ENABLE TRIGGER USER, ENABLE REPLICA TRIGGER partitiond_capture_${engine.id}_row,
        ENABLE ALWAYS TRIGGER partitiond_capture_${engine.id}_truncate`);
    await expect(switchOver(engine, false, noAbort)).rejects.toMatchObject({
      code: 'PD643',
      message: expect.stringContaining('migrate verify'),
    });
    await expect(runMigration(running, 'ready', noAbort)).rejects.toThrow(
      /were off in between.*`partitiond migrate verify --table public\.revenues`/,
    );
    expect(engine.record.paused?.kind).toBe('definition');
    await expect(verifyNow(running, noAbort)).rejects.toThrow(/1 rows differ/);
    expect(engine.record.paused?.kind).toBe('mismatch');
    await expect(switchOver(engine, false, noAbort)).rejects.toMatchObject({ code: 'PD641' });
    await database.query('UPDATE public.revenues SET occurred_at = occurred_at WHERE id = 7');
    await verifyNow(running, noAbort);
    expect(engine.record).toMatchObject({ paused: null, verdict: { mismatches: 0 } });
    await runMigration(running, 'ready', noAbort);
    await switchOver(engine, false, noAbort);
    expect(await database.query('SELECT amount::int FROM public.revenues WHERE id = 7')).toEqual([{ amount: 77 }]);
  });

  it('obeys `partitiond pause` and an abort, and leaves its phase as it is', async () => {
    await using database = await createDatabase();
    await using made = await handMade(database, { phase: 'verify' });
    const running = { engine: made, brakes: () => [] };
    await setPause(made.session, 'partitiond', { reason: 'load test', by: 'ada' }, noAbort);
    await expect(runMigration(running, 'ready', noAbort)).rejects.toMatchObject({
      code: 'PD603',
      message: expect.stringContaining('paused by ada: load test'),
    });
    const reason = new Error('SIGTERM');
    await expect(runMigration(running, 'ready', AbortSignal.abort(reason))).rejects.toBe(reason);
    const stored = await readMigration(made.session, 'partitiond', made.id, noAbort);
    expect(stored).toMatchObject({ phase: 'verify', paused: null });
  });
});

describe('the status', () => {
  it('says what was taken away from a migration, which no start calls ready, and names abort, which helps', async () => {
    await using database = await createDatabase();
    await using engine = await ready(database, { policy: { interval: parseInterval('3 months'), premake: 1 } });
    const running = { engine, brakes: () => [] };
    const status = async () => {
      const record = await readMigration(engine.session, 'partitiond', engine.id, noAbort);
      return await readStatus(engine.session, 'partitiond', record, 3_600_000, noAbort);
    };
    await runMigration(running, 'ready', noAbort);
    expect((await status()).problems).toBeUndefined();
    await database.query(`DROP TABLE partitiond.capture_${engine.id}`);
    const write = 'UPDATE public.revenues SET amount = 3 WHERE id = 3';
    await expect(database.query(write)).rejects.toThrow(/capture/);
    const next = 'partitiond migrate abort --table public.revenues';
    expect(await status()).toMatchObject({ next, problems: [expect.stringMatching(/log .* is gone: writes of the application .* fail/)] });
    await database.query('DROP TABLE public.revenues_partitioned');
    await expect(runMigration(running, 'ready', noAbort)).rejects.toMatchObject({ code: 'PD621', message: expect.stringContaining(next) });
    await database.query('ALTER TABLE public.revenues DISABLE TRIGGER USER');
    expect((await status()).problems).toEqual([
      expect.stringMatching(/revenues had made is gone/),
      expect.stringMatching(/are gone or off: writes are not captured/),
    ]);
    await abort(engine, noAbort);
    await database.query(write);
    expect((await status()).problems).toBeUndefined();
  });

  it('counts blocks for progress, the last minute for the rate, and tells the next command', async () => {
    await using database = await createDatabase();
    await using made = await handMade(database, { phase: 'backfill' });
    const { id } = made;
    const status = async () => {
      const record = await readMigration(made.session, 'partitiond', id, noAbort);
      return await readStatus(made.session, 'partitiond', record, 3_600_000, noAbort);
    };
    await database.query(`
      UPDATE partitiond.migration SET rows_estimated = 8000, phase_at = now() - interval '1 day', brakes = '{load,window}' WHERE id = ${id};
      INSERT INTO partitiond.migration_source VALUES (${id}, 1, 1, 1000);
      INSERT INTO partitiond.migration_range VALUES
        (${id}, 1, 0, 100, 'checked', 800, now() - interval '2 minutes'), (${id}, 1, 100, 400, 'copied', 2400, now() - interval '10 seconds')`);
    // Of what was copied before it was interrupted there is no rate.
    expect(await status()).toMatchObject({ runBy: null, rowsPerSecond: null, etaSeconds: null, progress: 0.4 });
    await using runner = await openSession(database);
    await database.query(`INSERT INTO partitiond.migration_lease (migration_id, epoch, holder) VALUES (${id}, 9, 'ada')
      ON CONFLICT (migration_id) DO UPDATE SET holder = EXCLUDED.holder`);
    await runner.execute(`SELECT pg_catalog.pg_advisory_lock(${leaseKey('partitiond', id, 'coordinator')})`, noAbort);
    const copying = await status();
    expect(copying.runBy).toBe('ada');
    expect(copying).toMatchObject({
      phase: 'backfill',
      progress: 0.4,
      rowsCopied: 3200,
      rowsEstimated: 8000,
      backlogRows: 0,
      logBytes: 0,
      brakes: ['load', 'window'],
      next: 'partitiond migrate start --table public.revenues',
    });
    expect(copying.rowsPerSecond).toBeCloseTo(2400 / 60, 3);
    expect(copying.etaSeconds).toBeCloseTo((600 * 60) / 300, 3);

    await saveMigration(made, { phase: 'verify' }, noAbort);
    await database.query(`INSERT INTO partitiond.migration_chunk VALUES (${id}, 1, NULL, 1600, 0)`);
    expect(await status()).toMatchObject({ progress: 0.5, rowsPerSecond: null, etaSeconds: null, brakes: [] });
    await saveMigration(made, { phase: 'ready' }, noAbort);
    expect(await status()).toMatchObject({ progress: 1, next: 'partitiond migrate verify --table public.revenues' });
    const verdict = { at: BigInt(Date.now()) * 1000n, live: 'source' as const, rows: 1000, mismatches: 0, differences: [] };
    await saveMigration(made, { verdict }, noAbort);
    expect(await status()).toMatchObject({ verdict, next: 'partitiond migrate switch --table public.revenues' });
    await saveMigration(made, { phase: 'switched', live: 'target', verdict: { ...verdict, live: 'target' } }, noAbort);
    expect(await status()).toMatchObject({ live: 'target', next: 'partitiond migrate finish --yes --table public.revenues' });
  });
});
