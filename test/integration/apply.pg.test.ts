import type { ClientBase } from 'pg';
import { describe, expect, it } from 'vitest';
import { applyPlan } from '../../src/apply/apply-plan.ts';
import { ConnectionError, InvariantError, LockTimeoutError, NotLeaderError, StatementError } from '../../src/errors.ts';
import { installJournal } from '../../src/journal/install.ts';
import { claimLeadership, epochGuard } from '../../src/journal/leadership.ts';
import type { Step } from '../../src/plan/step.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import {
  bareTemplate,
  createDefault,
  createPartition,
  detachPartition,
  dropGuard,
  dropTable,
  finalizeDetach,
  journalSchema,
  named,
  oidOf,
  type StepSession,
  stepSession,
} from '../support/steps.ts';
import { waitFor } from '../support/wait-for.ts';

const never = new AbortController().signal;

/** `revenues` by quarter with its first one and the journal; `open` is the session that applies. */
async function revenuesTable(db: TestDatabase, open: StepSession, options: { readonly hasDefault?: boolean } = {}): Promise<void> {
  await db.query(`
    CREATE TABLE revenues (amount int, at timestamptz) PARTITION BY RANGE (at);
    CREATE TABLE revenues_2025_q1 PARTITION OF revenues FOR VALUES FROM ('2025-01-01 00:00:00+00') TO ('2025-04-01 00:00:00+00');
    INSERT INTO revenues VALUES (1, '2025-02-01')`);
  if (options.hasDefault === true) await db.query('CREATE TABLE revenues_default PARTITION OF revenues DEFAULT');
  await installJournal(open.session, journalSchema, never);
}

const q1 = { partition: named('revenues_2025_q1'), from: '2025-01-01 00:00:00+00', to: '2025-04-01 00:00:00+00' };

async function oids(db: TestDatabase): Promise<{ tableOid: string; partitionOid: string }> {
  return { tableOid: await oidOf(db, 'revenues'), partitionOid: await oidOf(db, 'revenues_2025_q1') };
}

async function partitions(db: TestDatabase): Promise<readonly string[]> {
  const rows = await db.query<{
    name: string;
  }>(`SELECT inhrelid::regclass::text || CASE WHEN inhdetachpending THEN ' (pending)' ELSE '' END AS name
    FROM pg_inherits WHERE inhparent = 'revenues'::regclass ORDER BY 1`);
  return rows.map(({ name }) => name);
}

async function operations(db: TestDatabase): Promise<readonly unknown[]> {
  return await db.query(`SELECT kind, outcome FROM ${journalSchema}.operation ORDER BY started_at`);
}

async function detachedTables(db: TestDatabase): Promise<readonly unknown[]> {
  return await db.query(
    `SELECT schema_name || '.' || name AS name, state, range_from AS "from", range_to AS "to" FROM ${journalSchema}.detached_partition`,
  );
}

function outcomes(reports: readonly { readonly outcome: string }[]): readonly string[] {
  return reports.map(({ outcome }) => outcome);
}

describe('applyPlan', () => {
  it('creates, journals before and after, and reports', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    const { tableOid } = await oids(db);
    const steps = [createPartition({ tableOid }), createDefault({ tableOid })];
    const reports = await applyPlan(open.session, steps, open.context(), never);
    expect(reports).toEqual(
      steps.map((step) => ({ step, outcome: 'ok', error: null, durationMs: expect.any(Number), lockWaitMs: 0, lockTimeouts: 0 })),
    );
    expect(await partitions(db)).toEqual(['revenues_2025_q1', 'revenues_2025_q2', 'revenues_default']);
    const rows =
      await db.query(`SELECT kind, partition_name, range_from, range_to, outcome, error, who, array_length(sql, 1) > 3 AS sql, finished_at >= started_at AS ended
      FROM ${journalSchema}.operation ORDER BY started_at`);
    expect(rows).toEqual([
      {
        kind: 'create-partition',
        partition_name: 'revenues_2025_q2',
        range_from: '2025-04-01 00:00:00+00',
        range_to: '2025-07-01 00:00:00+00',
        outcome: 'ok',
        error: null,
        who: 'test',
        sql: true,
        ended: true,
      },
      {
        kind: 'create-default',
        partition_name: 'revenues_default',
        range_from: null,
        range_to: null,
        outcome: 'ok',
        error: null,
        who: 'test',
        sql: false,
        ended: true,
      },
    ]);
    expect(open.events.map((event) => event.kind)).toEqual(['step-started', 'step-finished', 'step-started', 'step-finished']);
  });

  it('creates beside a default partition and leaves no guard', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open, { hasDefault: true });
    await db.query('INSERT INTO revenues VALUES (2, NULL)');
    const guard = { defaultPartition: named('revenues_default'), constraint: 'partitiond_guard_1' };
    const reports = await applyPlan(open.session, [createPartition({ ...(await oids(db)), guard })], open.context(), never);
    expect(reports).toMatchObject([{ outcome: 'ok', error: null }]);
    expect(await db.query(`SELECT conname FROM pg_constraint WHERE conname LIKE 'partitiond%'`)).toEqual([]);
  });

  it('takes the guard away again when the default partition holds rows of the range, and names no row', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open, { hasDefault: true });
    await db.query(`INSERT INTO revenues VALUES (424242, '2025-05-01')`);
    const guard = { defaultPartition: named('revenues_default'), constraint: 'partitiond_guard_1' };
    const tableOid = await oidOf(db, 'revenues');
    const others = createPartition({ tableOid, partition: named('later'), from: '2026-01-01 00:00:00+00', to: null, guard });
    const reports = await applyPlan(open.session, [createPartition({ tableOid, guard }), others], open.context(), never);
    expect(outcomes(reports)).toEqual(['failed', 'ok']);
    expect(reports[0]?.error).toMatchObject({ sqlstate: '23514' });
    expect(reports[0]?.error?.message).not.toContain('424242');
    expect(await db.query(`SELECT conname FROM pg_constraint WHERE conname LIKE 'partitiond%'`)).toEqual([]);
    expect(await operations(db)).toEqual([
      { kind: 'create-partition', outcome: 'failed' },
      { kind: 'create-partition', outcome: 'ok' },
    ]);
  });

  it('names the statement that failed, leaves nothing of the step, and goes on with the others', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    const tableOid = await oidOf(db, 'revenues');
    const broken = createPartition({ tableOid, partition: named('broken'), template: { ...bareTemplate, owner: 'nobody at all' } });
    const reports = await applyPlan(open.session, [broken, createPartition({ tableOid })], open.context(), never);
    expect(outcomes(reports)).toEqual(['failed', 'ok']);
    const error = reports[0]?.error;
    expect(error).toBeInstanceOf(StatementError);
    expect(error?.message).toContain('create-partition public.broken: ALTER TABLE public.broken OWNER TO "nobody at all"');
    expect(error?.message).toContain('role "nobody at all" does not exist');
    expect(error?.context).toMatchObject({ sql: 'ALTER TABLE public.broken OWNER TO "nobody at all"', sqlstate: '42704' });
    expect(await db.query(`SELECT to_regclass('broken') AS broken`)).toEqual([{ broken: null }]);
  });

  it('detaches plainly, moves, remembers, drops and forgets', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open, { hasDefault: true });
    await db.query('CREATE SCHEMA archive');
    const moveTo = named('revenues_2025_q1', 'archive');
    const ids = await oids(db);
    const detach = detachPartition({ ...q1, ...ids, concurrently: false, defaultPartition: named('revenues_default'), moveTo });
    expect(outcomes(await applyPlan(open.session, [detach], open.context(), never))).toEqual(['ok']);
    expect(await detachedTables(db)).toEqual([{ name: 'archive.revenues_2025_q1', state: 'detached', from: q1.from, to: q1.to }]);
    expect(await db.query('SELECT amount FROM archive.revenues_2025_q1')).toEqual([{ amount: 1 }]);
    expect(outcomes(await applyPlan(open.session, [dropTable({ ...q1, ...ids, partition: moveTo })], open.context(), never))).toEqual([
      'ok',
    ]);
    expect(await detachedTables(db)).toEqual([]);
    expect(await db.query(`SELECT to_regclass('archive.revenues_2025_q1') AS gone`)).toEqual([{ gone: null }]);
  });

  it('detaches concurrently, moves and remembers, and puts the session back as it was', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    await db.query('CREATE SCHEMA archive');
    const detach = detachPartition({ ...q1, ...(await oids(db)), moveTo: named('revenues_2025_q1', 'archive') });
    expect(await applyPlan(open.session, [detach], open.context(), never)).toMatchObject([{ outcome: 'ok', error: null }]);
    expect(await detachedTables(db)).toEqual([{ name: 'archive.revenues_2025_q1', state: 'detached', from: q1.from, to: q1.to }]);
    expect(await operations(db)).toEqual([{ kind: 'detach-partition', outcome: 'ok' }]);
    const settings = {
      name: 'settings',
      text: `SELECT current_setting('lock_timeout') || ' ' || current_setting('statement_timeout') AS "both"`,
    };
    expect(await open.session.rows(settings, [], ({ both }) => both, never)).toEqual(['20s 30s']);
  });

  it('remembers a table that was detached but could not be moved', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    const ids = await oids(db);
    const detach = detachPartition({ ...q1, ...ids, moveTo: named('revenues_2025_q1', 'nowhere') });
    const reports = await applyPlan(open.session, [detach, dropTable({ ...q1, ...ids })], open.context(), never);
    expect(outcomes(reports)).toEqual(['failed', 'skipped']);
    expect(await partitions(db)).toEqual([]);
    expect(await detachedTables(db)).toMatchObject([{ name: 'public.revenues_2025_q1', state: 'detached' }]);
  });

  it('never drops a table whose detach failed, nor one that is a partition again', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open, { hasDefault: true });
    const ids = await oids(db);
    // With a default partition PostgreSQL refuses CONCURRENTLY.
    const chain = [detachPartition({ ...q1, ...ids }), dropTable({ ...q1, ...ids })];
    const reports = await applyPlan(open.session, chain, open.context(), never);
    expect(outcomes(reports)).toEqual(['failed', 'skipped']);
    expect(reports[0]?.error).toMatchObject({ sqlstate: '55000' });
    expect(await detachedTables(db)).toEqual([]);
    const [drop] = await applyPlan(open.session, [dropTable({ ...q1, ...ids })], open.context(), never);
    expect(drop).toMatchObject({ outcome: 'refused', error: { sqlstate: 'PD511' } });
    expect(await partitions(db)).toEqual(['revenues_2025_q1', 'revenues_default']);
    expect((await operations(db)).at(-1)).toEqual({ kind: 'drop-table', outcome: 'refused' });
  });

  it('drops a guard that a killed run left', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open, { hasDefault: true });
    await db.query('ALTER TABLE revenues_default ADD CONSTRAINT partitiond_guard_1 CHECK (true) NOT VALID');
    expect(outcomes(await applyPlan(open.session, [dropGuard()], open.context(), never))).toEqual(['ok']);
    expect(await db.query(`SELECT conname FROM pg_constraint WHERE conname LIKE 'partitiond%'`)).toEqual([]);
  });

  it("takes the word of the catalog, not of the server's answer", async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    const state = { oid: '1', parentOid: null, boundText: null, isDetachPending: false };
    const context = open.context({ readPartitionState: async () => state });
    const reports = await applyPlan(open.session, [createPartition(await oids(db))], context, never);
    expect(reports).toMatchObject([{ outcome: 'failed', error: { code: 'PD510' } }]);
    expect(await operations(db)).toEqual([{ kind: 'create-partition', outcome: 'failed' }]);
  });

  it('skips everything after an abort, and finishes the brief step that it was in', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    const tableOid = await oidOf(db, 'revenues');
    const controller = new AbortController();
    const context = open.context({ onEvent: (event) => event.kind === 'step-started' && controller.abort(new Error('stop')) });
    const reports = await applyPlan(open.session, [createPartition({ tableOid }), createDefault({ tableOid })], context, controller.signal);
    expect(outcomes(reports)).toEqual(['ok', 'skipped']);
  });

  it('ends with a lost connection, the rest skipped', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    const tableOid = await oidOf(db, 'revenues');
    await db.query('SELECT pg_terminate_backend($1)', [open.session.pid]);
    const reports = await applyPlan(open.session, [createPartition({ tableOid }), createDefault({ tableOid })], open.context(), never);
    expect(outcomes(reports)).toEqual(['failed', 'skipped']);
    expect(reports[0]?.error).toBeInstanceOf(ConnectionError);
  });

  it('changes nothing once another instance leads', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    const claim = { holder: 'a', configurationGeneration: '1' };
    const epoch = await claimLeadership(open.session, journalSchema, claim, never);
    await claimLeadership(open.session, journalSchema, { ...claim, holder: 'b' }, never);
    const context = open.context({ epochGuard: epochGuard(journalSchema, epoch) });
    const ids = await oids(db);
    for (const step of [createPartition(ids), detachPartition({ ...q1, ...ids })]) {
      const reports = await applyPlan(open.session, [step, createDefault(ids)], context, never);
      expect(outcomes(reports)).toEqual(['failed', 'skipped']);
      expect(reports[0]?.error).toBeInstanceOf(NotLeaderError);
    }
    expect(await partitions(db)).toEqual(['revenues_2025_q1']);
    expect(await operations(db)).toEqual([]);
    expect(await detachedTables(db)).toEqual([]);
  });

  it('works under the epoch that is current', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    const epoch = await claimLeadership(open.session, journalSchema, { holder: 'a', configurationGeneration: '1' }, never);
    const context = open.context({ epochGuard: epochGuard(journalSchema, epoch) });
    const ids = await oids(db);
    expect(outcomes(await applyPlan(open.session, [createPartition(ids), detachPartition({ ...q1, ...ids })], context, never))).toEqual([
      'ok',
      'ok',
    ]);
  });

  it('ends loudly with our own bug', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    const ids = await oids(db);
    const context = open.context({ readPartitionState: async () => Promise.reject(new TypeError('a bug')) });
    const reports = await applyPlan(open.session, [createPartition(ids), createDefault(ids)], context, never);
    expect(outcomes(reports)).toEqual(['failed', 'skipped']);
    expect(reports[0]?.error).toBeInstanceOf(InvariantError);
  });
});

describe('while a step waits, a reader and a writer go on', () => {
  const guard = { defaultPartition: named('revenues_default'), constraint: 'partitiond_guard_1' };
  const cases: readonly (readonly [
    what: string,
    hasDefault: boolean,
    obstacle: string,
    step: (ids: Awaited<ReturnType<typeof oids>>) => Step,
  ])[] = [
    ['create-partition', false, 'LOCK TABLE revenues IN SHARE UPDATE EXCLUSIVE MODE', (ids) => createPartition(ids)],
    ['create-partition beside a default', true, 'SELECT * FROM revenues', (ids) => createPartition({ ...ids, guard })],
    [
      'create-partition beside a default, validating',
      true,
      'LOCK TABLE revenues_default IN SHARE UPDATE EXCLUSIVE MODE',
      (ids) => createPartition({ ...ids, guard }),
    ],
    ['create-default', false, 'LOCK TABLE revenues IN SHARE UPDATE EXCLUSIVE MODE', (ids) => createDefault(ids)],
    ['detach-partition, concurrently', false, 'SELECT * FROM revenues', (ids) => detachPartition({ ...q1, ...ids })],
    [
      'detach-partition beside a default',
      true,
      'SELECT * FROM revenues',
      (ids) => detachPartition({ ...q1, ...ids, concurrently: false, defaultPartition: guard.defaultPartition }),
    ],
  ];

  it.each(cases)('%s', async (_what, hasDefault, obstacle, makeStep) => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open, { hasDefault });
    await db.query(`CREATE TABLE revenues_2024 PARTITION OF revenues FOR VALUES FROM ('2024-01-01') TO ('2025-01-01 00:00:00+00')`);
    const [holder, reader, writer] = [
      await db.client(),
      await db.client({ applicationName: 'reader' }),
      await db.client({ applicationName: 'writer' }),
    ];
    await holder.query(`BEGIN; ${obstacle}`);
    const step = makeStep(await oids(db));
    const done = applyPlan(open.session, [step], open.context({ budget: { attemptMs: 100, totalMs: 60_000, pauseMs: 20 } }), never);
    const timeouts = (): number => open.events.filter(({ kind }) => kind === 'lock-timeout').length;
    // Each waits for as long as one attempt of the step may hold it up, and no longer.
    for (const client of [reader, writer]) await client.query(`SET lock_timeout = '1s'`);
    while (timeouts() < 3) {
      await reader.query(`SELECT count(*) FROM revenues WHERE at < '2025-01-01'`);
      await writer.query(`INSERT INTO revenues VALUES (2, '2024-06-01')`);
    }
    await holder.query('COMMIT');
    const [report] = await done;
    expect(report).toMatchObject({ outcome: 'ok', error: null });
    expect(report?.lockTimeouts).toBeGreaterThanOrEqual(3);
    expect(report?.lockWaitMs).toBeGreaterThan(100);
  });
});

describe('a pending detach', () => {
  it('is finalized by the same step once the readers have gone', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    const reader = await db.client();
    await reader.query('BEGIN; SELECT * FROM revenues');
    const done = applyPlan(open.session, [detachPartition({ ...q1, ...(await oids(db)) })], open.context(), never);
    await waitFor(
      'the pending partition',
      () => partitions(db),
      (seen) => seen.includes('revenues_2025_q1 (pending)'),
    );
    expect(await detachedTables(db)).toMatchObject([{ state: 'detaching' }]);
    await waitFor(
      'a second attempt',
      () => open.events.filter(({ kind }) => kind === 'lock-timeout').length,
      (count) => count >= 2,
    );
    await reader.query('COMMIT');
    expect(await done).toMatchObject([{ outcome: 'ok', error: null }]);
    expect(await partitions(db)).toEqual([]);
    expect(await detachedTables(db)).toMatchObject([{ name: 'public.revenues_2025_q1', state: 'detached' }]);
  });

  it('is left, known to the journal, when the budget ends, and finished by finalize-detach', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    const ids = await oids(db);
    const reader = await db.client({ applicationName: 'long report' });
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM revenues');
    const context = open.context({ budget: { attemptMs: 40, totalMs: 200, pauseMs: 10 } });
    const [report] = await applyPlan(open.session, [detachPartition({ ...q1, ...ids })], context, never);
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'PD401' } });
    expect(report?.error?.message).toContain('long report');
    expect(await partitions(db)).toEqual(['revenues_2025_q1 (pending)']);
    expect(await detachedTables(db)).toMatchObject([{ state: 'detaching' }]);
    const finalize = finalizeDetach({ ...q1, ...ids });
    // A snapshot of another table of the database is in the way too, and is named as what it is.
    await reader.query('COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class');
    const [blocked] = await applyPlan(open.session, [finalize], context, never);
    expect(blocked?.error).toMatchObject({ blockers: [{ application: 'long report', relation: 'a snapshot of the database' }] });
    await reader.query('COMMIT');
    expect(outcomes(await applyPlan(open.session, [finalize], open.context(), never))).toEqual(['ok']);
    expect(await detachedTables(db)).toMatchObject([{ name: 'public.revenues_2025_q1', state: 'detached', from: q1.from, to: q1.to }]);
  });

  it('is left, known to the journal, when an abort cancels the wait', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    const reader = await db.client();
    await reader.query('BEGIN; SELECT * FROM revenues');
    const controller = new AbortController();
    const context = open.context({ budget: { attemptMs: 20_000, totalMs: 60_000, pauseMs: 10 } });
    const done = applyPlan(open.session, [detachPartition({ ...q1, ...(await oids(db)) })], context, controller.signal);
    await waitFor(
      'the pending partition',
      () => partitions(db),
      (seen) => seen.includes('revenues_2025_q1 (pending)'),
    );
    controller.abort(new Error('stop'));
    expect(await done).toMatchObject([{ outcome: 'skipped', error: null }]);
    expect(await detachedTables(db)).toMatchObject([{ state: 'detaching' }]);
    expect(await operations(db)).toEqual([{ kind: 'detach-partition', outcome: 'skipped' }]);
  });

  it('leaves no trace when the first lock was never obtained', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    const vacuum = await db.client();
    await vacuum.query('BEGIN; LOCK TABLE revenues IN SHARE UPDATE EXCLUSIVE MODE');
    const context = open.context({ budget: { attemptMs: 40, totalMs: 200, pauseMs: 10 } });
    const [report] = await applyPlan(open.session, [detachPartition({ ...q1, ...(await oids(db)) })], context, never);
    expect(report?.error).toBeInstanceOf(LockTimeoutError);
    expect(await detachedTables(db)).toEqual([]);
    expect(await partitions(db)).toEqual(['revenues_2025_q1']);
  });
});

async function pidOf(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}

describe('when the budget ends', () => {
  it('names who was in the way: session, role, lock, state and age, oldest first', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open, { hasDefault: true });
    const app = await db.createRole('app');
    await db.query(`GRANT SELECT ON revenues TO "${app.name}"`);
    const [old, young, innocent] = [
      await db.client({ applicationName: 'old' }),
      await db.client({ url: app.url, applicationName: 'young' }),
      await db.client(),
    ];
    await old.query('BEGIN; SELECT * FROM revenues');
    await young.query('BEGIN; SELECT * FROM revenues');
    await innocent.query('BEGIN; SELECT 1 FROM pg_class');
    const context = open.context({ budget: { attemptMs: 40, totalMs: 1_000, pauseMs: 10 } });
    const step = detachPartition({ ...q1, ...(await oids(db)), concurrently: false, defaultPartition: named('revenues_default') });
    const [report] = await applyPlan(open.session, [step], context, never);
    expect(report?.outcome).toBe('failed');
    // Several short attempts, not one as long as the session's own lock timeout.
    expect(report?.lockTimeouts).toBeGreaterThan(1);
    const error = report?.error;
    if (!(error instanceof LockTimeoutError)) throw new Error(`expected a LockTimeoutError, not ${String(error)}`);
    const parent = error.blockers.filter(({ relation }) => relation === 'public.revenues');
    expect(parent).toEqual([
      {
        pid: await pidOf(old),
        application: 'old',
        user: 'postgres',
        relation: 'public.revenues',
        mode: 'AccessShareLock',
        state: 'idle in transaction',
        ageMs: expect.any(Number),
      },
      {
        pid: await pidOf(young),
        application: 'young',
        user: app.name,
        relation: 'public.revenues',
        mode: 'AccessShareLock',
        state: 'idle in transaction',
        ageMs: expect.any(Number),
      },
    ]);
    expect(error.blockers.map(({ pid }) => pid)).not.toContain(await pidOf(innocent));
    expect(error.message).toContain(`pid ${await pidOf(old)} (old, user postgres) holds AccessShareLock`);
    expect(await partitions(db)).toEqual(['revenues_2025_q1', 'revenues_default']);
    expect(await operations(db)).toEqual([{ kind: 'detach-partition', outcome: 'failed' }]);
    // Nobody was thrown out.
    await old.query('SELECT 1');
    await young.query('SELECT 1');
  });

  it('names a prepared transaction, which has no session', async () => {
    await using db = await createDatabase();
    await using open = await stepSession(db);
    await revenuesTable(db, open);
    await db.query(`BEGIN; LOCK TABLE revenues IN EXCLUSIVE MODE; PREPARE TRANSACTION '${db.name}'`);
    const context = open.context({ budget: { attemptMs: 40, totalMs: 100, pauseMs: 10 } });
    const [report] = await applyPlan(open.session, [createPartition(await oids(db))], context, never);
    expect(report?.error).toMatchObject({
      blockers: [{ pid: 0, application: `prepared transaction ${db.name}`, mode: 'ExclusiveLock', state: 'prepared' }],
    });
  });
});
