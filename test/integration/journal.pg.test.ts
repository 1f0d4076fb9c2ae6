import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ConfigError, NotLeaderError, StatementError } from '../../src/errors.ts';
import { renderForgetDetached, renderRecordDetached } from '../../src/journal/detached-tables.ts';
import { readInstalledAt, readStepCounts, readTableSuccesses } from '../../src/journal/history.ts';
import { installJournal } from '../../src/journal/install.ts';
import { claimLeadership, epochGuard } from '../../src/journal/leadership.ts';
import { migrations } from '../../src/journal/migrations.ts';
import { type OperationStart, renderBeginOperation, renderFinishOperation, trimJournal } from '../../src/journal/operations.ts';
import { clearPause, setPause } from '../../src/journal/pause.ts';
import { readJournal } from '../../src/journal/read-journal.ts';
import { beginRun, finishRun, readLastRuns } from '../../src/journal/runs.ts';
import { createDatabase } from '../support/database.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const schema = 'partitiond';
const hostile = 'Jour"nal.\'; DROP SCHEMA public; --';
const claim = { holder: 'pod-1', configurationGeneration: 'abc' };

function operation(changes: Partial<OperationStart> = {}): OperationStart {
  return {
    id: randomUUID(),
    runId: randomUUID(),
    task: 'provision',
    kind: 'create-partition',
    table: { schema: 'public', name: "rev'enues" },
    partition: { schema: 'public', name: 'rev"enues\\_2025' },
    from: null,
    to: '2025-04-01',
    reason: "it's time",
    sql: ['SELECT \'a\', "b"', "SELECT E'\\n'"],
    who: 'test',
    ...changes,
  };
}

describe('installJournal', () => {
  it('makes the schema once, whatever its name, and gives PUBLIC nothing', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(
      'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC',
    );
    for (const name of [schema, hostile]) {
      await installJournal(session, name, noAbort);
      session.reads.splice(0);
      await installJournal(session, name, noAbort);
      expect(session.reads).toEqual(['read-journal-place', 'read-journal-version']);
      const open = await database.query(
        `SELECT n.nspname FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a WHERE n.nspname = $1 AND a.grantee = 0
         UNION ALL SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) a
         WHERE n.nspname = $1 AND a.grantee = 0
         UNION ALL SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         CROSS JOIN LATERAL aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) a WHERE n.nspname = $1 AND a.grantee = 0`,
        [name],
      );
      expect(open).toEqual([]);
      expect(await readJournal(session, name, noAbort)).toEqual({
        isInstalled: true,
        version: migrations.length,
        detached: [],
        holds: [],
        pause: null,
        migrations: [],
      });
    }
  });

  it('lets several instances start together', async () => {
    await using database = await createDatabase();
    await using a = await openSession(database);
    await using b = await openSession(database);
    await using c = await openSession(database);
    await Promise.all([a, b, c].map((session) => installJournal(session, schema, noAbort)));
    expect(await database.query(`SELECT version FROM ${schema}.version ORDER BY version`)).toEqual(
      migrations.map((_, index) => ({ version: index + 1 })),
    );
  });

  it('uses a schema that exists and leaves what else is in it alone', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query('CREATE TABLE public.theirs (); GRANT SELECT ON public.theirs TO PUBLIC');
    await installJournal(session, 'public', noAbort);
    expect(await database.query("SELECT has_table_privilege('pg_monitor', 'public.theirs', 'SELECT') AS may")).toEqual([{ may: true }]);
  });

  it('names the GRANT that a role without privileges needs', async () => {
    await using database = await createDatabase();
    const role = await database.createRole('app');
    await using session = await openSession(database, role.url);
    const error = await installJournal(session, schema, noAbort).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(StatementError);
    expect(String(error)).toContain(`GRANT CREATE ON DATABASE ${database.name} TO ${role.name};`);
    await database.query(`GRANT CREATE ON DATABASE ${database.name} TO "${role.name}"`);
    await installJournal(session, schema, noAbort);
    await database.query(`DROP OWNED BY "${role.name}" CASCADE`);
  });

  it('refuses a journal that only newer programs understand, and works with one version newer', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    const next = migrations.length + 1;
    await database.query(`INSERT INTO ${schema}.version VALUES (${next}, ${next - 1})`);
    await installJournal(session, schema, noAbort);
    expect((await readJournal(session, schema, noAbort)).version).toBe(next);
    await database.query(`INSERT INTO ${schema}.version VALUES (${next + 1}, ${next})`);
    await expect(installJournal(session, schema, noAbort)).rejects.toBeInstanceOf(ConfigError);
    await expect(readJournal(session, schema, noAbort)).rejects.toBeInstanceOf(ConfigError);
  });
});

describe('readJournal', () => {
  it('answers an empty journal where there is none, and writes nothing', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    expect(await readJournal(session, schema, noAbort)).toEqual({
      isInstalled: false,
      version: null,
      detached: [],
      holds: [],
      pause: null,
      migrations: [],
    });
    expect(await database.query("SELECT FROM pg_namespace WHERE nspname = 'partitiond'")).toEqual([]);
  });

  it('gives back holds in order and the pause', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    await database.query(`INSERT INTO ${schema}.hold (table_schema, table_name, range_from, range_to, reason, who)
      VALUES ('public', 't', NULL, NULL, 'all', 'me'), ('public', 't', '1', '2', 'some', 'me')`);
    await setPause(session, schema, { reason: 'upgrade', by: 'me' }, noAbort);
    await setPause(session, schema, { reason: "it's long", by: 'you' }, noAbort);
    const journal = await readJournal(session, schema, noAbort);
    const table = { schema: 'public', name: 't' };
    expect(journal.holds).toEqual([
      { table, from: null, to: null, reason: 'all' },
      { table, from: '1', to: '2', reason: 'some' },
    ]);
    expect(journal.pause).toMatchObject({ reason: "it's long", by: 'you' });
    expect(Math.abs(Number(journal.pause?.at ?? 0n) / 1000 - Date.now())).toBeLessThan(60_000);
    expect(await clearPause(session, schema, noAbort)).toBe(true);
    expect(await clearPause(session, schema, noAbort)).toBe(false);
  });
});

describe('operations', () => {
  it('are written before and completed after, texts as they are', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, hostile, noAbort);
    const start = operation();
    for (const attempt of [start, { ...start, reason: 'a second attempt' }])
      await session.execute(renderBeginOperation(hostile, attempt), noAbort);
    const at = `"${hostile.replaceAll('"', '""')}".operation`;
    const [begun, ...more] = await database.query(`SELECT * FROM ${at}`);
    expect(more).toEqual([]);
    expect(begun).toMatchObject({
      id: start.id,
      table_name: start.table.name,
      partition_name: start.partition.name,
      range_from: null,
      range_to: '2025-04-01',
      reason: start.reason,
      sql: start.sql,
      outcome: null,
      finished_at: null,
    });
    await session.execute(
      renderFinishOperation(hostile, { id: start.id, outcome: 'failed', error: "can't", durationMs: 12.5, lockWaitMs: 3, lockTimeouts: 2 }),
      noAbort,
    );
    const [done] = await database.query(`SELECT * FROM ${at}`);
    expect(done).toMatchObject({ outcome: 'failed', error: "can't", duration_ms: 12.5, lock_wait_ms: 3, lock_timeouts: 2 });
  });

  it('travel with the step and vanish with it', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    await session.execute(`BEGIN; ${renderBeginOperation(schema, operation({ sql: [] }))}; CREATE TABLE public.made (); ROLLBACK`, noAbort);
    expect(await database.query(`SELECT FROM ${schema}.operation`)).toEqual([]);
  });

  it('and runs are trimmed by age, the rest stays', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    await session.execute(renderBeginOperation(schema, operation({ reason: 'old' })), noAbort);
    await beginRun(session, schema, { runId: randomUUID(), tasks: ['provision'], tables: null, who: 'test' }, null, noAbort);
    await database.query(
      `UPDATE ${schema}.operation SET started_at = now() - interval '91 days'; UPDATE ${schema}.run SET started_at = now() - interval '91 days'`,
    );
    await session.execute(renderBeginOperation(schema, operation({ reason: 'new' })), noAbort);
    await trimJournal(session, schema, 90 * 86_400_000, null, noAbort);
    expect(await database.query(`SELECT reason FROM ${schema}.operation`)).toEqual([{ reason: 'new' }]);
    expect(await database.query(`SELECT FROM ${schema}.run`)).toEqual([]);
  });
});

describe('detached tables', () => {
  const entry = {
    runId: randomUUID(),
    parent: { schema: 'public', name: "t'" },
    parentOid: '4294967295',
    oid: '4294967294',
    name: { schema: 'arch"ive', name: 't_1' },
    from: null,
    to: '2025-01-01',
    dropAfter: 1_741_608_000_000_001n,
  };

  it('are remembered by oid, and the second word on one replaces the first', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    await session.execute(renderRecordDetached(schema, { ...entry, state: 'detaching' }), noAbort);
    const [first] = (await readJournal(session, schema, noAbort)).detached;
    await session.execute(
      renderRecordDetached(schema, { ...entry, state: 'detached', dropAfter: null, name: { schema: 'a', name: 'b' } }),
      noAbort,
    );
    const after = (await readJournal(session, schema, noAbort)).detached;
    const { runId: _, ...remembered } = entry;
    expect(first).toEqual({ ...remembered, state: 'detaching', origin: 'partition', detachedAt: expect.any(BigInt) });
    expect(after).toEqual([
      {
        ...remembered,
        state: 'detached',
        origin: 'partition',
        dropAfter: null,
        name: { schema: 'a', name: 'b' },
        detachedAt: expect.any(BigInt),
      },
    ]);
    expect(after[0]?.detachedAt).toBeGreaterThan(first?.detachedAt ?? 0n);
    await session.execute(renderForgetDetached(schema, '1'), noAbort);
    expect((await readJournal(session, schema, noAbort)).detached).toHaveLength(1);
    await session.execute(renderForgetDetached(schema, entry.oid), noAbort);
    expect((await readJournal(session, schema, noAbort)).detached).toEqual([]);
  });

  it('are forgotten by age once somebody else has dropped them', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    await database.query('CREATE TABLE public.t_2 ()');
    const [table] = await database.query<{ oid: string }>("SELECT 'public.t_2'::regclass::oid::text AS oid");
    const there = table?.oid ?? '';
    for (const oid of [entry.oid, there])
      await session.execute(renderRecordDetached(schema, { ...entry, oid, state: 'detached' }), noAbort);
    await trimJournal(session, schema, 90 * 86_400_000, null, noAbort);
    expect((await readJournal(session, schema, noAbort)).detached).toHaveLength(2);
    await database.query(`UPDATE ${schema}.detached_partition SET detached_at = now() - interval '91 days'`);
    await trimJournal(session, schema, 90 * 86_400_000, null, noAbort);
    expect((await readJournal(session, schema, noAbort)).detached.map(({ oid }) => oid)).toEqual([there]);
  });
});

describe('runs', () => {
  it('are told by task: the latest, and when one last went well', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    expect(await readLastRuns(session, schema, noAbort)).toEqual([]);
    const runs = [
      { tasks: ['provision', 'retention'], outcome: 'ok' },
      { tasks: ['provision'], outcome: 'failed' },
      { tasks: ['retention'], outcome: null },
    ] as const;
    for (const { tasks, outcome } of runs) {
      const runId = randomUUID();
      await beginRun(session, schema, { runId, tasks, tables: null, who: 'test' }, null, noAbort);
      if (outcome !== null) await finishRun(session, schema, { runId, outcome, failed: [] }, null, noAbort);
    }
    const last = await readLastRuns(session, schema, noAbort);
    expect(last.map(({ task, outcome, finishedAt, lastOkAt }) => [task, outcome, finishedAt !== null, lastOkAt !== null])).toEqual([
      ['provision', 'failed', true, true],
      ['retention', null, false, true],
    ]);
  });
});

describe('a run whose connection was lost', () => {
  it('is closed by the next one of its task, and by no other', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    await claimLeadership(session, schema, claim, noAbort);
    const guard = epochGuard(schema, 1n);
    const begin = async (task: 'provision' | 'retention', under: string | null): Promise<void> =>
      await beginRun(session, schema, { runId: randomUUID(), tasks: [task], tables: null, who: 'test' }, under, noAbort);
    const runs = `SELECT tasks[1] AS task, outcome, finished_at IS NOT NULL AS finished FROM ${schema}.run ORDER BY started_at`;
    await begin('retention', guard);
    await begin('provision', guard);
    // Where nothing tells who leads, that run may be another's and go on.
    await begin('provision', null);
    const open = ['retention', 'provision', 'provision'].map((task) => ({ task, outcome: null, finished: false }));
    expect(await database.query(runs)).toEqual(open);
    await begin('provision', guard);
    expect(await database.query(runs)).toEqual([
      open[0],
      { task: 'provision', outcome: 'interrupted', finished: true },
      { task: 'provision', outcome: 'interrupted', finished: true },
      open[1],
    ]);
  });
});

describe('leadership', () => {
  it('fences whoever led before, and closes what was left open', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    expect(await claimLeadership(session, schema, claim, noAbort)).toBe(1n);
    await session.execute(`BEGIN; ${epochGuard(schema, 1n)}; COMMIT`, noAbort);
    await session.execute(renderBeginOperation(schema, operation()), noAbort);
    const runId = randomUUID();
    await beginRun(session, schema, { runId, tasks: ['provision'], tables: null, who: 'test' }, null, noAbort);
    expect(await claimLeadership(session, schema, { ...claim, holder: 'pod-2' }, noAbort)).toBe(2n);
    await finishRun(session, schema, { runId, outcome: 'ok', failed: [] }, null, noAbort);
    const left = await database.query(`SELECT outcome FROM ${schema}.operation UNION ALL SELECT outcome FROM ${schema}.run`);
    expect(left).toEqual([{ outcome: 'interrupted' }, { outcome: 'interrupted' }]);
    const fenced = await session
      .execute(`BEGIN; ${epochGuard(schema, 1n)}; CREATE TABLE public.late (); COMMIT`, noAbort)
      .catch((cause: unknown) => cause);
    expect(fenced).toBeInstanceOf(NotLeaderError);
    await session.execute('ROLLBACK', noAbort);
    expect(await database.query("SELECT to_regclass('public.late')::text AS late")).toEqual([{ late: null }]);
    await expect(session.execute(epochGuard(schema, 3n), noAbort)).rejects.toBeInstanceOf(NotLeaderError);
    await session.execute(epochGuard(schema, 2n), noAbort);
  });

  it('fences the runs of whoever led before, and what it would trim', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    await claimLeadership(session, schema, claim, noAbort);
    const run = { runId: randomUUID(), tasks: ['provision'], tables: null, who: 'test' } as const;
    const guard = epochGuard(schema, 1n);
    await beginRun(session, schema, run, guard, noAbort);
    await claimLeadership(session, schema, { ...claim, holder: 'pod-2' }, noAbort);
    await database.query(`UPDATE ${schema}.run SET outcome = NULL, finished_at = NULL, started_at = started_at - interval '91 days'`);
    const writes = [
      () => beginRun(session, schema, { ...run, runId: randomUUID() }, guard, noAbort),
      () => finishRun(session, schema, { runId: run.runId, outcome: 'ok', failed: [] }, guard, noAbort),
      () => trimJournal(session, schema, 90 * 86_400_000, guard, noAbort),
    ];
    for (const write of writes) await expect(write()).rejects.toBeInstanceOf(NotLeaderError);
    expect(await database.query(`SELECT id, outcome FROM ${schema}.run`)).toEqual([{ id: run.runId, outcome: null }]);
  });

  it('does not change hands while a transaction past its guard is open', async () => {
    await using database = await createDatabase();
    await using old = await openSession(database);
    await using next = await openSession(database);
    await installJournal(old, schema, noAbort);
    await claimLeadership(old, schema, claim, noAbort);
    await old.execute(`BEGIN; ${epochGuard(schema, 1n)}`, noAbort);
    await next.execute("SET lock_timeout = '10s'", noAbort);
    const claimed = claimLeadership(next, schema, claim, noAbort);
    await waitForLockWaiter(database, ({ pid }) => pid === next.pid);
    await old.execute('CREATE TABLE public.in_time (); COMMIT', noAbort);
    expect(await claimed).toBe(2n);
  });
});

describe('the history', () => {
  const both = { tables: ['public.a', 'public."B"'], tasks: ['provision', 'retention'] as const };

  it('tells of each table and task the latest run in which it did not fail', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    expect(await readTableSuccesses(session, schema, both, noAbort)).toEqual([]);
    const runs = [
      { tasks: ['provision', 'retention'], tables: null, outcome: 'ok', failed: [] },
      { tasks: ['provision'], tables: null, outcome: 'failed', failed: ['public."B"'] },
      { tasks: ['retention'], tables: ['public."B"'], outcome: 'ok', failed: [] },
      { tasks: ['retention'], tables: null, outcome: 'failed', failed: null },
      { tasks: ['provision', 'retention'], tables: null, outcome: 'aborted', failed: [] },
    ] as const;
    const startedAt: string[] = [];
    for (const { tasks, tables, outcome, failed } of runs) {
      const runId = randomUUID();
      startedAt.push(runId);
      await beginRun(session, schema, { runId, tasks, tables, who: 'test' }, null, noAbort);
      await finishRun(session, schema, { runId, outcome, failed }, null, noAbort);
    }
    const ends = await database.query<{ id: string; at: string }>(
      `SELECT id, (EXTRACT(epoch FROM finished_at) * 1000000)::int8::text AS at FROM ${schema}.run`,
    );
    const end = (index: number): bigint => BigInt(ends.find(({ id }) => id === startedAt[index])?.at ?? '-1');
    const successes = await readTableSuccesses(session, schema, both, noAbort);
    expect(successes.toSorted((a, b) => `${a.table} ${a.task}`.localeCompare(`${b.table} ${b.task}`))).toEqual([
      { table: 'public."B"', task: 'provision', at: end(0) },
      { table: 'public."B"', task: 'retention', at: end(2) },
      { table: 'public.a', task: 'provision', at: end(1) },
      { table: 'public.a', task: 'retention', at: end(0) },
    ]);
    // What was done for one table is no success of the task.
    const last = await readLastRuns(session, schema, noAbort);
    expect(last.find(({ task }) => task === 'retention')?.lastOkAt).toBe(end(0));
  });

  it('tells no success of a table in a run that did not know it', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    const runId = randomUUID();
    const run = { runId, tasks: ['provision'], tables: null, configured: ['public.a'], who: 'test' } as const;
    await beginRun(session, schema, run, null, noAbort);
    await finishRun(session, schema, { runId, outcome: 'ok', failed: [] }, null, noAbort);
    const found = await readTableSuccesses(session, schema, both, noAbort);
    expect(found.map(({ table, task }) => `${table} ${task}`)).toEqual(['public.a provision']);
  });

  it('counts the steps of each table, interrupted ones as failed and those under way not at all', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    for (const outcome of ['ok', 'ok', 'failed', 'interrupted', null] as const) {
      const start = operation();
      await session.execute(renderBeginOperation(schema, start), noAbort);
      await database.query(`UPDATE ${schema}.operation SET outcome = $1 WHERE id = $2`, [outcome, start.id]);
    }
    const counts = await readStepCounts(session, schema, noAbort);
    const own = { schema: 'public', name: "rev'enues", step: 'create-partition' };
    expect(counts.toSorted((a, b) => a.outcome.localeCompare(b.outcome))).toEqual([
      { ...own, outcome: 'failed', count: 2 },
      { ...own, outcome: 'ok', count: 2 },
    ]);
  });

  it('begins when the journal was made', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    const installedAt = await readInstalledAt(session, schema, noAbort);
    expect(Math.abs(Number(installedAt) / 1000 - Date.now())).toBeLessThan(60_000);
  });
});
