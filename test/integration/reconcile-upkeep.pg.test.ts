import { describe, expect, it } from 'vitest';
import { ConnectionError } from '../../src/errors.ts';
import { parseInstant } from '../../src/partition/calendar.ts';
import type { TablePolicy } from '../../src/partition/policy.ts';
import { systemClock } from '../../src/postgres/clock.ts';
import type { ReconcileEvent, RunReport } from '../../src/reconcile/event.ts';
import { readDatabaseStatus } from '../../src/reconcile/read-status.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { onlyOn } from '../support/only-on.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { indexOf, maintenanceOf, policyOf, type ReconcileOptions, reconcile, testSafety } from '../support/reconcile.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const now = parseInstant('2025-03-10T12:00:00Z', 'UTC');

/** Two months that are over, the present one, and two ahead. */
async function createTable(database: TestDatabase, table: string): Promise<void> {
  await database.query(`CREATE TABLE ${table} (id int8 NOT NULL, status text, at timestamptz NOT NULL) PARTITION BY RANGE (at)`);
  for (const month of [1, 2, 3, 4, 5]) {
    const bounds = `FROM ('2025-0${month}-01Z') TO ('2025-0${month + 1}-01Z')`;
    await database.query(`CREATE TABLE ${table}_2025_0${month} PARTITION OF ${table} FOR VALUES ${bounds}`);
  }
}

/**
 * A session reports what it did at its end at the latest, and before 15 a process of its own collects that, and takes its time. VACUUM does not take
 * for visible to all what a commit that is not on disk yet has written, unless a reader has noted that it is.
 */
async function write(database: TestDatabase, sql: string, counted: string): Promise<void> {
  const visitor = await database.client();
  await visitor.query(sql);
  await visitor.end();
  await waitFor(
    `statistics of ${counted}`,
    () =>
      database.query<{ ok: boolean }>(
        `SELECT COALESCE(bool_and(${counted}), false) AS ok FROM pg_stat_user_tables WHERE schemaname = 'public'`,
      ),
    ([row]) => row?.ok === true,
  );
  await database.query('CHECKPOINT');
  for (const { name } of await database.query<{ name: string }>("SELECT relname AS name FROM pg_class WHERE relkind = 'p'"))
    await database.query(`SELECT count(*) FROM ${name}`);
}

function fill(table: string, month: number, rows: number): string {
  return `INSERT INTO ${table} SELECT i, CASE WHEN i % 10 = 0 THEN 'approved' ELSE 'open' END, '2025-0${month}-05Z' FROM generate_series(1, ${rows}) AS i;`;
}

function progressOf(events: readonly ReconcileEvent[]): number {
  return events.filter(({ kind }) => kind === 'step-progress').length;
}

async function upkeep(
  database: TestDatabase,
  policies: readonly TablePolicy[],
  options: ReconcileOptions & { readonly task?: 'maintenance' | 'index' } = {},
): Promise<RunReport> {
  return await reconcile(database, policies, { ...options, request: { tasks: [options.task ?? 'maintenance'], now, ...options.request } });
}

/** One line for each step: kind, what it is about, and what became of it. */
function lines(report: RunReport): readonly string[] {
  return report.tables.flatMap(({ steps }) =>
    steps.map(({ step, outcome, error, yieldedTo }) => {
      const subject = 'index' in step ? step.index.name : step.partition.name;
      const details = step.kind === 'vacuum' ? `${step.freeze ? ' freeze' : ''}${step.analyze ? ' analyze' : ''}` : '';
      const why = error === null ? (yieldedTo ?? '') : `${error.code} ${error.message}`;
      return `${step.kind}${details} ${subject}: ${outcome} ${why}`.trim();
    }),
  );
}

function findings(report: RunReport): readonly string[] {
  return report.tables.flatMap(({ plan }) => plan?.findings.map(({ kind, severity }) => `${severity} ${kind}`) ?? []);
}

async function invalidIndexes(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ name: string }>(
    'SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid ORDER BY 1',
  );
  return rows.map(({ name }) => name);
}

/** Indexes of each relation whose name begins with `table`, with the parent's index that each is attached to. */
async function indexes(database: TestDatabase, table: string): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(
    `SELECT t.relname || ': ' || c.relname || COALESCE(' of ' || h.inhparent::regclass::text, '') || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END AS line
       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid LEFT JOIN pg_inherits h ON h.inhrelid = c.oid
      WHERE t.relname LIKE $1 || '%' AND t.relnamespace = 'public'::regnamespace ORDER BY 1`,
    [table],
  );
  return rows.map(({ line }) => line);
}

describe('maintenance of partitions', () => {
  it('vacuums and analyses what is due, then the table itself, and then has nothing left to do', async () => {
    await using database = await createDatabase();
    await createTable(database, 't');
    const inserted = fill('t', 2, 3_000) + fill('t', 3, 3_000);
    await write(
      database,
      `${inserted} DELETE FROM t WHERE at < '2025-03-01Z' AND id > 1500`,
      "n_tup_ins = (relname IN ('t_2025_02', 't_2025_03'))::int * 3000",
    );
    const policy = policyOf('t', { maintenance: maintenanceOf({ freezeClosed: false }) });
    const planned = await upkeep(database, [policy], { request: { mode: 'plan' } });
    expect(planned.tables[0]?.steps).toEqual([]);
    expect(planned.tables[0]?.plan?.steps.map(({ kind }) => kind)).toEqual(['vacuum', 'analyze', 'analyze']);
    expect(findings(planned)).toContain('warning never-analysed');
    const first = await upkeep(database, [policy]);
    expect(lines(first)).toEqual(['vacuum analyze t_2025_02: ok', 'analyze t_2025_03: ok', 'analyze t: ok']);
    expect(findings(first)).toEqual([]);
    await waitFor(
      'nothing more to do',
      () => upkeep(database, [policy]),
      (report) => lines(report).length === 0,
    );
    const [done] = await database.query(
      `SELECT (SELECT count(*)::int FROM pg_stat_user_tables WHERE vacuum_count > 0) AS vacuumed,
              (SELECT reltuples::int FROM pg_class WHERE relname = 't_2025_02') AS rows,
              (SELECT count(*)::int FROM pg_statistic WHERE starelid = 't'::regclass AND stainherit) > 0 AS "isParentAnalysed"`,
    );
    expect(done).toEqual({ vacuumed: 1, rows: 1_500, isParentAnalysed: true });
    // Statistics that are late make a step due once more.
    const journal = await database.query('SELECT DISTINCT kind, outcome, partition_name FROM partitiond.operation ORDER BY partition_name');
    expect(journal.map(({ kind, outcome, partition_name: name }) => [kind, name, outcome])).toEqual([
      ['analyze', 't', 'ok'],
      ['vacuum', 't_2025_02', 'ok'],
      ['analyze', 't_2025_03', 'ok'],
    ]);
  });

  it('freezes a partition that has closed once, and again when its rows have changed since', async () => {
    await using database = await createDatabase();
    await createTable(database, 't');
    await write(database, fill('t', 1, 2_000), "n_tup_ins = (relname = 't_2025_01')::int * 2000");
    // What the statistics system says is of today.
    const present: ReconcileOptions = { request: { now: null } };
    const policies = [policyOf('t', { maintenance: maintenanceOf() })];
    await database.query('CREATE EXTENSION pg_visibility');
    const frozen = async (): Promise<unknown> => {
      await waitFor(
        'nothing more to do',
        () => upkeep(database, policies, present),
        (report) => lines(report).length === 0,
      );
      const rows = await database.query(
        `SELECT (SELECT changes FROM partitiond.frozen_partition) AS changes,
                (SELECT count(*)::int FROM partitiond.operation WHERE kind = 'vacuum' AND outcome = 'ok') AS vacuums,
                (SELECT all_frozen = relpages FROM pg_visibility_map_summary(c.oid)) AS "isFrozen"
           FROM pg_class c WHERE relname = 't_2025_01'`,
      );
      return rows[0];
    };
    const [first] = lines(await upkeep(database, policies, present));
    expect(first).toBe('analyze t_2025_01: ok');
    expect(await frozen()).toEqual({ changes: '2000', vacuums: 1, isFrozen: true });

    const late = "UPDATE t SET status = 'late' WHERE id <= 5 AND at < '2025-02-01Z'";
    // So few that it is not worth reading the partition for them.
    await write(database, late, "n_tup_upd = (relname = 't_2025_01')::int * 5");
    expect(lines(await upkeep(database, policies, present))).toEqual([]);
    await write(database, fill('t', 1, 1_500), "n_tup_ins = (relname = 't_2025_01')::int * 3500");
    expect(lines(await upkeep(database, policies, present))).toEqual(['analyze t_2025_01: ok']);
    expect(await frozen()).toEqual({ changes: '3505', vacuums: 2, isFrozen: true });
  });

  it('rebuilds an invalid index', async () => {
    await using database = await createDatabase();
    await createTable(database, 't');
    await database.query(`${fill('t', 3, 10)} ${fill('t', 3, 10)}`);
    await expect(database.query('CREATE UNIQUE INDEX CONCURRENTLY broken ON t_2025_03 (id)')).rejects.toThrow(
      /could not create unique index/,
    );
    await database.query('DELETE FROM t WHERE ctid IN (SELECT max(ctid) FROM t GROUP BY id)');
    const report = await upkeep(database, [policyOf('t', { maintenance: maintenanceOf() })]);
    expect(lines(report)).toContain('reindex broken: ok');
    expect(findings(report)).not.toContain('warning invalid-index');
    expect(await invalidIndexes(database)).toEqual([]);
  });

  it('tells of an invalid index that cannot be rebuilt, and goes on with the other tables', async () => {
    await using database = await createDatabase();
    for (const name of ['a', 'b']) await createTable(database, name);
    await database.query(`${fill('a', 3, 10)} ${fill('a', 3, 10)}`);
    await expect(database.query('CREATE UNIQUE INDEX CONCURRENTLY broken ON a_2025_03 (id)')).rejects.toThrow(
      /could not create unique index/,
    );
    await write(database, fill('b', 3, 10), "n_tup_ins = CASE relname WHEN 'a_2025_03' THEN 20 WHEN 'b_2025_03' THEN 10 ELSE 0 END");
    const events: ReconcileEvent[] = [];
    const policies = ['a', 'b'].map((name) => policyOf(name, { maintenance: maintenanceOf() }));
    const report = await upkeep(database, policies, { events });
    const failed = report.tables.map(({ steps }) => steps.filter(({ outcome }) => outcome !== 'ok').map(({ step }) => step.kind));
    expect(failed).toEqual([['reindex'], []]);
    expect(lines(report).join('\n')).toContain('reindex broken: failed PD521 Could not reindex public.broken of public.a_2025_03');
    expect(findings(report)).toContain('warning invalid-index');
    expect(events.at(-1)).toMatchObject({ kind: 'run-finished', outcome: 'failed' });
    expect(await database.query('SELECT outcome, failed FROM partitiond.run')).toEqual([{ outcome: 'failed', failed: ['public.a'] }]);
  });

  it('begins nothing further once it is paused, and nothing at all while it is', async () => {
    await using database = await createDatabase();
    await createTable(database, 't');
    await database.query(fill('t', 2, 10) + fill('t', 3, 10));
    const { limits } = maintenanceOf();
    const maintenance = maintenanceOf({ limits: { ...limits, concurrency: 1 } });
    const policies = [policyOf('t', { indexes: [indexOf('t_id', ['id'])], maintenance })];
    const writer = await database.client();
    await writer.query("BEGIN; INSERT INTO t_2025_05 VALUES (1, 'x', '2025-05-06Z')");
    const events: ReconcileEvent[] = [];
    const running = upkeep(database, policies, { task: 'index', events });
    await waitForLockWaiter(database, ({ query }) => query.includes('CREATE INDEX CONCURRENTLY'));
    await database.query("INSERT INTO partitiond.pause (reason, who) VALUES ('a release', 'ada')");
    // Progress is read right after the pause, each time.
    const seen = progressOf(events);
    await waitFor(
      'two looks at the progress',
      () => progressOf(events),
      (count) => count >= seen + 2,
    );
    await writer.query('COMMIT');
    const report = await running;
    expect(report.pause).toMatchObject({ reason: 'a release', by: 'ada' });
    const began = lines(report).filter((line) => !line.endsWith(': refused'));
    expect(began.slice(0, 2)).toEqual(['create-index t_id: ok', 'create-index t_2025_05_t_id: ok']);
    expect(lines(report).filter((line) => line.endsWith(': refused')).length).toBeGreaterThanOrEqual(8);
    const paused = await upkeep(database, policies, { task: 'index' });
    expect(paused.pause).toMatchObject({ reason: 'a release' });
    expect(new Set(paused.tables[0]?.steps.map(({ outcome }) => outcome))).toEqual(new Set(['refused']));
    await database.query('DELETE FROM partitiond.pause');
    expect(lines(await upkeep(database, policies, { task: 'index' })).filter((line) => !line.endsWith(': ok'))).toEqual([]);
    expect(await invalidIndexes(database)).toEqual([]);
  });
});

describe('indexes of the policy', () => {
  const composite = indexOf('t_org_at', ['id', 'at']);
  const approved = indexOf('t_approved', ['status'], { where: "status = 'approved'" });

  it('are made on every partition and attached, then come with new partitions', async () => {
    await using database = await createDatabase();
    await createTable(database, 't');
    await database.query(fill('t', 2, 100) + fill('t', 3, 100));
    const policies = [policyOf('t', { indexes: [composite, approved] })];
    const report = await upkeep(database, policies, { task: 'index' });
    expect(lines(report).filter((line) => !line.endsWith(': ok'))).toEqual([]);
    const expected = (months: readonly number[]): readonly string[] =>
      [
        't: t_approved',
        't: t_org_at',
        ...months.flatMap((month) => [
          `t_2025_0${month}: t_2025_0${month}_t_approved of t_approved`,
          `t_2025_0${month}: t_2025_0${month}_t_org_at of t_org_at`,
        ]),
      ].toSorted();
    expect(await indexes(database, 't')).toEqual(expected([1, 2, 3, 4, 5]));
    const [partial] = await database.query("SELECT pg_get_indexdef('t_approved'::regclass) AS sql");
    expect(partial?.['sql']).toContain("WHERE (status = 'approved'::text)");
    expect(await database.query('SELECT state, count(*)::int FROM partitiond.index_mark GROUP BY state')).toEqual([
      { state: 'built', count: 12 },
    ]);
    expect(lines(await upkeep(database, policies, { task: 'index' }))).toEqual([]);

    await reconcile(database, [policyOf('t', { indexes: [composite, approved], premake: 3 })], { request: { now, tasks: ['provision'] } });
    const made = (await indexes(database, 't')).filter((line) => line.startsWith('t_2025_06'));
    expect(made.map((line) => line.replace(/^.* of /, ''))).toEqual(['t_org_at', 't_approved']);
    expect(lines(await upkeep(database, policies, { task: 'index' }))).toEqual([]);
  });

  it('reach partitions of partitions, whatever their names', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE SCHEMA "o'dd";
      CREATE TABLE t (id int8 NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE t_2025_03 PARTITION OF t FOR VALUES FROM ('2025-03-01Z') TO ('2025-04-01Z');
      CREATE TABLE "o'dd"."t ""sub""" PARTITION OF t FOR VALUES FROM ('2025-04-01Z') TO ('2025-05-01Z') PARTITION BY HASH (id);
      CREATE TABLE "o'dd"."leaf ""0""" PARTITION OF "o'dd"."t ""sub""" FOR VALUES WITH (MODULUS 2, REMAINDER 0);
      CREATE TABLE "o'dd"."LEAF 1" PARTITION OF "o'dd"."t ""sub""" FOR VALUES WITH (MODULUS 2, REMAINDER 1);
      INSERT INTO t SELECT i, '2025-04-05Z' FROM generate_series(1, 100) AS i`);
    const policies = [policyOf('t', { indexes: [indexOf('by "id"', ['id'])], maintenance: maintenanceOf({ closedForMs: 3_600_000 }) })];
    const report = await upkeep(database, policies, { task: 'index' });
    expect(lines(report).filter((line) => !line.endsWith(': ok'))).toEqual([]);
    const tree = await database.query<{ line: string }>(
      `SELECT i.indrelid::regclass || ' of ' || COALESCE(h.inhparent::regclass::text, '') AS line
         FROM pg_index i LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid
        WHERE i.indisvalid AND i.indrelid::regclass::text !~ '^(pg_|partitiond)' ORDER BY 1`,
    );
    expect(tree.map(({ line }) => line)).toHaveLength(5);
    expect(await invalidIndexes(database)).toEqual([]);
    expect(lines(await upkeep(database, policies, { task: 'index' }))).toEqual([]);
    const both = await upkeep(database, policies, { request: { tasks: ['maintenance', 'index'] } });
    expect(lines(both).filter((line) => !line.endsWith(': ok'))).toEqual([]);
    const again = await upkeep(database, policies, { task: 'index' });
    expect(findings(again).filter((finding) => finding.includes('index'))).toEqual([]);
  });

  it('of a subset leave with it, and come with new partitions that belong to it', async () => {
    await using database = await createDatabase();
    await createTable(database, 't');
    const current = indexOf('hot', ['id'], { partitions: { kind: 'current' } });
    const policies = [policyOf('t', { indexes: [current], premake: 3 })];
    const all: ReconcileOptions = { request: { now, tasks: ['provision', 'retention', 'maintenance', 'index'] } };
    const first = await reconcile(database, policies, all);
    expect(lines(first).filter((line) => !line.endsWith(': ok'))).toEqual([]);
    const of = (...months: readonly number[]): readonly string[] => months.map((month) => `t_2025_0${month}: t_2025_0${month}_hot`);
    expect(await indexes(database, 't')).toEqual(of(3, 4, 5, 6));
    const later = { now: parseInstant('2025-05-10T12:00:00Z', 'UTC') };
    const second = await upkeep(database, policies, { task: 'index', request: { ...later, tasks: ['index'] } });
    expect(lines(second)).toEqual(['drop-index t_2025_04_hot: ok', 'drop-index t_2025_03_hot: ok']);
    expect(await indexes(database, 't')).toEqual(of(5, 6));
    expect(lines(await upkeep(database, policies, { task: 'index', request: { ...later, tasks: ['index'] } }))).toEqual([]);
  });

  it('stay when they are no longer asked for, unless that is asked for', async () => {
    await using database = await createDatabase();
    await createTable(database, 't');
    await database.query('CREATE INDEX mine ON t (at)');
    await upkeep(database, [policyOf('t', { indexes: [composite] })], { task: 'index' });
    const before = await indexes(database, 't');
    expect(lines(await upkeep(database, [policyOf('t')], { task: 'index' }))).toEqual([]);
    expect(await indexes(database, 't')).toEqual(before);
    const dropping = [policyOf('t', { dropRemovedIndexes: true })];
    expect(lines(await upkeep(database, dropping, { task: 'index' }))).toEqual(['drop-index t_org_at: ok']);
    expect((await indexes(database, 't')).filter((line) => !line.includes('mine') && !line.includes('at_idx'))).toEqual([]);
    expect(lines(await upkeep(database, dropping, { task: 'index' }))).toEqual([]);
  });

  it('are finished by the next run when a build was killed, and no index is left invalid', async () => {
    await using database = await createDatabase();
    await createTable(database, 't');
    await database.query(fill('t', 3, 100));
    const reader = await database.client();
    await reader.query("BEGIN; INSERT INTO t_2025_03 VALUES (1, 'x', '2025-03-06Z')");
    const { limits } = maintenanceOf();
    const policies = [policyOf('t', { indexes: [composite], maintenance: maintenanceOf({ limits: { ...limits, concurrency: 1 } }) })];
    const running = upkeep(database, policies, { task: 'index' });
    const { pid } = await waitForLockWaiter(database, ({ query }) => query.includes('CREATE INDEX CONCURRENTLY'));
    await database.query('SELECT pg_terminate_backend($1)', [pid]);
    await reader.query('COMMIT');
    const report = await running;
    expect(lines(report).filter((line) => line.includes('failed')).length).toBeGreaterThan(0);
    const next = await upkeep(database, policies, { task: 'index' });
    expect(lines(next).filter((line) => !line.endsWith(': ok'))).toEqual([]);
    expect(await invalidIndexes(database)).toEqual([]);
    expect(lines(await upkeep(database, policies, { task: 'index' }))).toEqual([]);
  });
});

describe('the role of upkeep', () => {
  it('needs no more than MAINTAIN where there is that', async (context) => {
    onlyOn(context, (major) => major >= 17, 'MAINTAIN came with 17');
    await using database = await createDatabase();
    await createTable(database, 't');
    await write(database, fill('t', 2, 10) + fill('t', 3, 10), "n_tup_ins = (relname IN ('t_2025_02', 't_2025_03'))::int * 10");
    const role = await database.createRole('keeper');
    await database.query(
      `CREATE SCHEMA partitiond AUTHORIZATION "${role.name}"; GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO "${role.name}"`,
    );
    const report = await upkeep(database, [policyOf('t', { maintenance: maintenanceOf({ freezeClosed: false }) })], { url: role.url });
    expect(lines(report)).toEqual(['analyze t_2025_02: ok', 'analyze t_2025_03: ok', 'analyze t: ok']);
    expect(report.tables.map(({ error }) => error)).toEqual([null]);
  });

  it('is told what it lacks, and nothing is tried', async () => {
    await using database = await createDatabase();
    await createTable(database, 't');
    await write(database, fill('t', 3, 10), "n_tup_ins = (relname = 't_2025_03')::int * 10");
    const role = await database.createRole('stranger');
    await database.query(
      `CREATE SCHEMA partitiond AUTHORIZATION "${role.name}"; GRANT SELECT ON ALL TABLES IN SCHEMA public TO "${role.name}"`,
    );
    const report = await upkeep(database, [policyOf('t', { maintenance: maintenanceOf() })], { url: role.url });
    expect(lines(report)).toEqual([]);
    const [found] = report.tables[0]?.plan?.findings.filter(({ message }) => message.includes('MAINTAIN')) ?? [];
    expect(found).toMatchObject({ kind: 'missing-privilege' });
  });
});

describe('a run of all tasks', () => {
  it('takes the ordinary steps of all tables first, then upkeep as it is due after them, and finishes each table once', async () => {
    await using database = await createDatabase();
    for (const name of ['a', 'b', 'c']) await createTable(database, name);
    const hot = (name: string) => indexOf(`${name}_id`, ['id']);
    const policies = [
      policyOf('a', { premake: 3, indexes: [hot('a')] }),
      policyOf('b', { premake: 3 }),
      policyOf('c', { indexes: [hot('c')] }),
    ];
    const events: ReconcileEvent[] = [];
    const report = await reconcile(database, policies, {
      events,
      request: { now, tasks: ['provision', 'retention', 'maintenance', 'index'] },
    });
    expect(report.tables.map(({ table }) => table.name)).toEqual(['a', 'b', 'c']);
    expect(lines(report).filter((line) => !line.endsWith(': ok'))).toEqual([]);
    const began = events.flatMap((event) => (event.kind === 'step-started' ? [event.step.kind === 'create-partition'] : []));
    expect(began.lastIndexOf(true)).toBe(1);
    // The new partition of a is among those that get the index.
    expect(lines(report)).toContain('create-index a_2025_06_a_id: ok');
    expect(report.tables[0]?.plan?.steps.map(({ kind }) => kind)).toEqual(report.tables[0]?.steps.map(({ step }) => step.kind));
    const finished = events.flatMap((event) => (event.kind === 'table-finished' ? [event.table.name] : []));
    expect(finished).toEqual(['b', 'a', 'c']);
    expect(events.at(-1)).toMatchObject({ kind: 'run-finished', outcome: 'ok' });
  });
});

describe('the status', () => {
  it('tells which command is at work on which partition', async () => {
    await using database = await createDatabase();
    await createTable(database, 't');
    await createTable(database, 'idle');
    const writer = await database.client();
    await writer.query("BEGIN; INSERT INTO t_2025_05 VALUES (1, 'x', '2025-05-06Z')");
    // One at a time, else a second build may be at work beside the one that waits.
    const { limits } = maintenanceOf();
    const maintenance = maintenanceOf({ limits: { ...limits, concurrency: 1 } });
    const tables = [policyOf('t', { maintenance, indexes: [indexOf('t_id', ['id'])] }), policyOf('idle')];
    const running = upkeep(database, tables, { task: 'index' });
    await waitForLockWaiter(database, ({ query }) => query.includes('CREATE INDEX CONCURRENTLY'));
    await using session = await openSession(database);
    const connection = { kind: 'url', url: database.url } as const;
    const policy = { name: 'test', connection, journalSchema: 'partitiond', probeRole: null, tables };
    const status = await readDatabaseStatus(session, policy, { safety: testSafety, clock: systemClock }, noAbort);
    expect(status.tables.map(({ table, inProgress }) => [table, inProgress.map(({ partition, command }) => [partition, command])])).toEqual(
      [
        ['public.t', [['public.t_2025_05', 'create-index']]],
        ['public.idle', []],
      ],
    );
    expect(status.tables[0]?.inProgress[0]?.phase).toContain('waiting for writers');
    await writer.query('COMMIT');
    expect(lines(await running).filter((line) => !line.endsWith(': ok'))).toEqual([]);
    const after = await readDatabaseStatus(session, policy, { safety: testSafety, clock: systemClock }, noAbort);
    expect(after.tables.flatMap(({ inProgress }) => inProgress)).toEqual([]);
  });
});

describe('a run that is ended', () => {
  it('keeps what was done when its own connection is lost, and names the tables that were not begun', async () => {
    await using database = await createDatabase();
    for (const name of ['a', 'b', 'c']) await createTable(database, name);
    const { limits } = maintenanceOf();
    const maintenance = maintenanceOf({ limits: { ...limits, concurrency: 1 } });
    const policies = ['a', 'b', 'c'].map((name) =>
      policyOf(name, { maintenance, indexes: [indexOf('hot', ['id'], { partitions: { kind: 'current' } })] }),
    );
    const writer = await database.client();
    await writer.query("BEGIN; INSERT INTO b_2025_05 VALUES (1, 'x', '2025-05-06Z')");
    const events: ReconcileEvent[] = [];
    const running = upkeep(database, policies, { task: 'index', events });
    await waitForLockWaiter(database, ({ query }) => query.includes('CREATE INDEX CONCURRENTLY'));
    await database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'partitiond:test' AND datname = current_database()",
    );
    const report = await running;
    await writer.query('COMMIT');
    expect(lines(report)[0]).toBe('create-index a_2025_05_hot: ok');
    expect(report.unreached.map(({ name }) => name)).toEqual(['c']);
    expect(report.tables.flatMap(({ steps }) => steps.map(({ error }) => error)).some((error) => error instanceof ConnectionError)).toBe(
      true,
    );
    expect(events.at(-1)).toMatchObject({ kind: 'run-finished', outcome: 'failed' });
    const next = await upkeep(database, policies, { task: 'index' });
    expect(lines(next).filter((line) => !line.endsWith(': ok'))).toEqual([]);
    expect(await invalidIndexes(database)).toEqual([]);
    expect(lines(await upkeep(database, policies, { task: 'index' }))).toEqual([]);
  });

  it('names the tables whose upkeep was not begun', async () => {
    await using database = await createDatabase();
    for (const name of ['a', 'b']) {
      await createTable(database, name);
      await database.query(fill(name, 3, 10));
    }
    const policies = ['a', 'b'].map((name) => policyOf(name, { indexes: [indexOf(`${name}_id`, ['id'])] }));
    const controller = new AbortController();
    const events: ReconcileEvent[] = [];
    const observe = (event: ReconcileEvent): void => {
      events.push(event);
      if (event.kind === 'table-planned' && event.table.name === 'b') controller.abort(new Error('stopped'));
    };
    const report = await upkeep(database, policies, { task: 'index', signal: controller.signal, context: { observe } });
    expect(report.unreached.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(new Set(report.tables.flatMap(({ steps }) => steps.map(({ outcome }) => outcome)))).toEqual(new Set(['skipped']));
    expect(events.at(-1)).toMatchObject({ kind: 'run-finished', outcome: 'aborted' });
    expect(await invalidIndexes(database)).toEqual([]);
  });
});
