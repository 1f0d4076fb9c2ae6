import { describe, expect, it } from 'vitest';
import { readRegrainPlan } from '../../../src/migrate/regrain/read-regrain-plan.ts';
import { beginMigration, type PlannedMigration } from '../../../src/migrate/run/begin-migration.ts';
import { openEngine } from '../../../src/migrate/run/open-engine.ts';
import { clearMigrationPause } from '../../../src/migrate/run/pause-migration.ts';
import { runMigration, startMigration } from '../../../src/migrate/run/run-migration.ts';
import { reloadRecord } from '../../../src/migrate/save.ts';
import { finish } from '../../../src/migrate/switch/finish.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { verifyWhole } from '../../../src/migrate/verify/verify-whole.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { systemClock } from '../../../src/postgres/clock.ts';
import { connectSession, type Session } from '../../../src/postgres/session.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { migrationTable, realEngine } from '../../support/migrate/real-engine.ts';
import { named } from '../../support/model.ts';
import { noAbort, openSession } from '../../support/open-session.ts';
import { testSafety } from '../../support/reconcile.ts';

const policy = migrationTable({ table: named('revenues'), name: '{table}_{yyyy}_q{q}' });

async function createRevenues(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE revenues (id bigint, at timestamptz, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE revenues_1 PARTITION OF revenues FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
    CREATE TABLE revenues_2 PARTITION OF revenues FOR VALUES FROM ('2025-02-01Z') TO ('2025-04-01Z');
    INSERT INTO revenues SELECT n, '2025-01-01Z'::timestamptz + n * interval '2 hours', 'row ' || n FROM generate_series(1, 1000) AS n;
    CREATE TABLE ledger AS TABLE revenues;
    ANALYZE revenues`);
}

async function merging(database: TestDatabase): Promise<PlannedMigration> {
  await using session = await openSession(database);
  const request = { partitions: [named('revenues_1'), named('revenues_2')], interval: parseInterval('3 months') };
  return await readRegrainPlan(session, policy, request, BigInt(Date.now()) * 1000n, noAbort);
}

/** All backends of the engine end at once, as if the process were gone. */
async function killEngine(database: TestDatabase): Promise<void> {
  await database.query(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'partitiond:migrate%'`,
  );
}

/** A process that is killed before its message number `messages`, wherever it is then; whether it came to the end of the migration before that. */
async function life(database: TestDatabase, id: string, messages: number): Promise<boolean> {
  let left = messages;
  const spend = async (): Promise<void> => {
    left -= 1;
    if (left === 0) await killEngine(database);
  };
  const connect = async (applicationName: string, signal: AbortSignal): Promise<Session> => {
    const session = await connectSession(
      { kind: 'url', url: database.url },
      { applicationName, statementTimeoutMs: 0, lockTimeoutMs: 100 },
      signal,
    );
    return {
      pid: session.pid,
      rows: (...given) => session.rows(...given),
      execute: async (...given) => {
        await spend();
        await session.execute(...given);
      },
      complete: async (...given) => {
        await spend();
        await session.complete(...given);
      },
      transaction: (...given) => session.transaction(...given),
      onLost: (listener) => session.onLost(listener),
      onNotice: (listener) => session.onNotice(listener),
      close: () => session.close(),
    };
  };
  try {
    const running = await openEngine(
      {
        id,
        table: policy.table,
        policy,
        database: 'app',
        journalSchema: 'partitiond',
        safety: testSafety,
        clock: systemClock,
        who: 'test',
        observe: () => undefined,
        takeOverWithinMs: 5_000,
        connect,
      },
      noAbort,
    );
    const { engine } = running;
    try {
      await runMigration(running, 'ready', noAbort);
      if (engine.record.live === 'source') {
        await switchOver(engine, false, noAbort);
        await reloadRecord(engine, noAbort);
        await runMigration(running, 'ready', noAbort);
      }
      await verifyWhole(engine, noAbort);
      await finish(engine, false, noAbort);
      return true;
    } finally {
      await running.close();
    }
  } catch (error) {
    if (left > 0) throw error;
    return false;
  }
}

describe('a re-grain that is interrupted', () => {
  it('goes on after its process was killed again and again, in every phase, and loses no write that came in between', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    await using session = await openSession(database);
    const id = await beginMigration(session, 'partitiond', await merging(database), 'test', noAbort);
    const phases = new Set<string>();
    for (let n = 1, isOver = false; !isOver; n += 1) {
      expect(n).toBeLessThan(60);
      isOver = await life(database, id, 3 + 2 * n);
      const [row] = await database.query<{ phase: string }>('SELECT phase FROM partitiond.migration');
      phases.add(row?.phase ?? '');
      for (const table of ['revenues', 'ledger']) {
        await database.query(`INSERT INTO ${table} VALUES (${10_000 + n}, '2025-01-20Z'::timestamptz + ${n} * interval '1 day', 'new');
          UPDATE ${table} SET note = 'changed', at = at + interval '9 days' WHERE id = ${n}; DELETE FROM ${table} WHERE id = ${500 + n}`);
      }
    }
    expect([...phases]).toEqual(expect.arrayContaining(['prepare', 'backfill', 'switched', 'finished']));
    expect(phases.size).toBeGreaterThanOrEqual(5);
    expect(await database.query('TABLE revenues EXCEPT ALL TABLE ledger')).toEqual([]);
    expect(await database.query('TABLE ledger EXCEPT ALL TABLE revenues')).toEqual([]);
    const left = await database.query(`
      SELECT c.relname AS name FROM pg_class AS c WHERE c.relname ~ '_regrain|^capture_' UNION ALL
      SELECT t.tgname FROM pg_trigger AS t WHERE t.tgname ~ '^partitiond_' UNION ALL
      SELECT p.proname FROM pg_proc AS p WHERE p.proname ~ '^(guard|capture)_\\d'`);
    expect(left).toEqual([]);
    expect(await database.query(`SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'revenues'::regclass`)).toEqual(
      [{ name: 'revenues_2025_q1' }],
    );
  });

  it('pauses for what would be lost of a partition, and when one of them is changed, and goes on when that is put right', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    await database.query(`
      CREATE INDEX own ON revenues_2 (note);
      ALTER TABLE revenues_2 ADD CONSTRAINT own CHECK (note <> ''), ADD CONSTRAINT own_range CHECK (at >= '2025-02-01Z');
      GRANT SELECT ON revenues_2 TO PUBLIC`);
    await using run = await realEngine(database, policy, await merging(database));
    await expect(run.start()).rejects.toMatchObject({ code: 'PD602' });
    const lacking = run.engine.record.paused?.reason ?? '';
    expect(lacking.match(/public\.revenues_2025_q1 lacks [^;.]+/g)).toEqual([
      'public.revenues_2025_q1 lacks the index btree (note), which public',
      "public.revenues_2025_q1 lacks CHECK ((note <> ''::text)), which public",
      'public.revenues_2025_q1 lacks SELECT TO PUBLIC, which public',
    ]);
    await database.query(`
      CREATE INDEX ON revenues_2025_q1 (note);
      ALTER TABLE revenues_2025_q1 ADD CHECK (note <> '');
      GRANT SELECT ON revenues_2025_q1 TO PUBLIC`);
    await clearMigrationPause(run.engine, noAbort);
    await run.start();
    expect(run.engine.record).toMatchObject({ phase: 'ready', verdict: { differences: [] } });

    await database.query('ALTER TABLE revenues_2 DISABLE TRIGGER ALL');
    await expect(switchOver(run.engine, false, noAbort)).rejects.toMatchObject({ code: 'PD643' });
    await expect(run.start()).rejects.toThrow(/definition of public\.revenues or of one of its partitions is no longer/);
    for (const which of ['row', 'truncate'])
      await database.query(`ALTER TABLE revenues_2 ENABLE ALWAYS TRIGGER partitiond_capture_${run.engine.id}_${which}`);
    // On again, but what was written in between went past it.
    await startMigration({ engine: run.engine, brakes: () => [] }, 'ready', noAbort);
    await run.turn();
    expect(run.engine.record).toMatchObject({ phase: 'switched', live: 'target' });
    await run.turn();
    expect(run.engine.record).toMatchObject({ phase: 'ready', live: 'source', paused: null });
  });
});
