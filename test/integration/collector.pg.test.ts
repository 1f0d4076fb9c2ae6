import { describe, expect, it } from 'vitest';
import type { PartitionedTable } from '../../src/partition/partition.ts';
import { collectIndexes } from '../../src/reconcile/collection/collect-indexes.ts';
import { collectSizes } from '../../src/reconcile/collection/collect-sizes.ts';
import { collectStatistics } from '../../src/reconcile/collection/collect-statistics.ts';
import { Collection } from '../../src/reconcile/collection/collection.ts';
import type { PartitionStatistics, TableStatistics } from '../../src/reconcile/table-statistics.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { policyOf, reconcile } from '../support/reconcile.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const plan = { request: { mode: 'plan' } } as const;

/** A table with rows in its TOAST table, a sub-partitioned partition and a foreign one. */
async function createFilled(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE public.t (id int8 NOT NULL, body text, at timestamptz NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE public.t_a PARTITION OF public.t FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
    CREATE TABLE public.t_b PARTITION OF public.t FOR VALUES FROM ('2025-02-01Z') TO ('2025-03-01Z') PARTITION BY HASH (id);
    CREATE TABLE public.t_b_0 PARTITION OF public.t_b FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE public.t_b_1 PARTITION OF public.t_b FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE INDEX t_id ON public.t (id, at);
    CREATE FOREIGN DATA WRAPPER nowhere;
    CREATE SERVER elsewhere FOREIGN DATA WRAPPER nowhere;
    CREATE FOREIGN TABLE public.t_f PARTITION OF public.t FOR VALUES FROM ('2025-03-01Z') TO ('2025-04-01Z') SERVER elsewhere;
    ALTER TABLE public.t_a ALTER COLUMN body SET STORAGE EXTERNAL;
    INSERT INTO public.t SELECT i, repeat('x', 4000), '2025-01-05Z' FROM generate_series(1, 200) AS i;
    INSERT INTO public.t SELECT i, 'y', '2025-02-05Z' FROM generate_series(1, 500) AS i;`);
}

/** Without rows; two partitions by month. */
async function createPlain(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE public.t (id int8, body text, at timestamptz NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE public.t_a PARTITION OF public.t FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
    CREATE TABLE public.t_b PARTITION OF public.t FOR VALUES FROM ('2025-02-01Z') TO ('2025-03-01Z')`);
}

async function snapshot(database: TestDatabase): Promise<PartitionedTable> {
  const { tables } = await reconcile(database, [policyOf('t')], plan);
  const state = tables[0]?.state;
  if (state?.kind !== 'partitioned') throw new Error('the table was not read');
  return state.table;
}

type What = 'statistics' | 'sizes' | 'indexes';

/** As the daemon does it, in this order; what was learned of the table is in the collection. */
async function collect(
  database: TestDatabase,
  table: PartitionedTable,
  what: readonly What[],
  collection: Collection = new Collection(),
): Promise<TableStatistics> {
  await using session = await openSession(database);
  if (what.includes('statistics')) await collectStatistics(session, [table], collection, null, noAbort);
  if (what.includes('sizes')) await collectSizes(session, [table], collection, noAbort);
  if (what.includes('indexes')) await collectIndexes(session, [table], collection, noAbort);
  return collection.of(table);
}

/** A session reports what it did at its end at the latest, else up to ten seconds later. */
async function byVisitor(database: TestDatabase, sql: string): Promise<void> {
  const visitor = await database.client();
  await visitor.query(sql);
  await visitor.end();
}

function named(table: PartitionedTable, statistics: TableStatistics): ReadonlyMap<string, PartitionStatistics> {
  return new Map(
    table.partitions.flatMap(({ oid, name }) => {
      const one = statistics.partitions.get(oid);
      return one === undefined ? [] : [[name.name, one] as const];
    }),
  );
}

function bytes(one: PartitionStatistics | undefined): number {
  return (one?.heapBytes ?? 0) + (one?.indexBytes ?? 0) + (one?.toastBytes ?? 0);
}

/** Of a table that `createPlain` made and `sql` changed. */
async function health(
  sql: string,
): Promise<Pick<TableStatistics, 'invalidIndexes'> & { readonly drift: Readonly<Record<string, number>> }> {
  await using database = await createDatabase();
  await createPlain(database);
  // One by one, as some of it must not be in a transaction; some of it is expected to fail.
  for (const statement of sql.split(';')) await database.query(statement).catch(() => undefined);
  const { invalidIndexes, drift } = await collect(database, await snapshot(database), ['indexes']);
  return { invalidIndexes, drift: Object.fromEntries(drift ?? []) };
}

describe('collecting sizes', () => {
  it('adds up to what PostgreSQL says of each tree, split into heap, indexes and TOAST', async () => {
    await using database = await createDatabase();
    await createFilled(database);
    const table = await snapshot(database);
    const found = named(table, await collect(database, table, ['statistics', 'sizes']));
    const expected = await database.query<{ name: string; total: string; indexes: string }>(`
      SELECT p.name, sum(pg_total_relation_size(c.oid))::text AS total, sum(pg_indexes_size(c.oid))::text AS indexes
        FROM (VALUES ('t_a'), ('t_b'), ('t_f')) AS p (name), pg_class AS c
       WHERE c.relname LIKE p.name || '%' AND c.relkind IN ('r', 'f') GROUP BY 1`);
    expect(found.size).toBe(3);
    for (const { name, total, indexes } of expected) {
      expect(bytes(found.get(name)), name).toBe(Number(total));
      expect(found.get(name)?.indexBytes, name).toBe(Number(indexes));
    }
    expect(found.get('t_a')?.toastBytes).toBeGreaterThan(800_000);
    expect(found.get('t_a')?.heapBytes).toBeLessThan(200_000);
    expect(found.get('t_b')?.indexBytes).toBeGreaterThan(0);
  });

  it('keeps the last sizes of a partition whose leaf, index, TOAST table or its index somebody holds in ACCESS EXCLUSIVE', async () => {
    await using database = await createDatabase();
    await createFilled(database);
    const table = await snapshot(database);
    const holder = await database.client();
    const locks = [
      ['LOCK TABLE public.t_b_1 IN ACCESS EXCLUSIVE MODE', 't_b'],
      ['REINDEX INDEX public.t_a_id_at_idx', 't_a'],
      ["DO $$ BEGIN EXECUTE 'REINDEX TABLE ' || (SELECT reltoastrelid::regclass FROM pg_class WHERE relname = 't_a'); END $$", 't_a'],
    ] as const;
    for (const [sql, locked] of locks) {
      const collection = new Collection();
      const before = named(table, await collect(database, table, ['statistics', 'sizes'], collection));
      await database.query(`INSERT INTO public.t SELECT i, repeat('x', 4000), '2025-01-05Z' FROM generate_series(1, 200) AS i;
        INSERT INTO public.t SELECT i, 'y', '2025-02-05Z' FROM generate_series(1, 5000) AS i`);
      await holder.query(`BEGIN; ${sql}`);
      const during = named(table, await collect(database, table, ['statistics', 'sizes'], collection));
      await holder.query('ROLLBACK');
      const after = named(table, await collect(database, table, ['statistics', 'sizes'], collection));
      for (const name of ['t_a', 't_b']) {
        const expected = name === locked ? before.get(name) : after.get(name);
        expect(bytes(during.get(name)), `${sql}: ${name}`).toBe(bytes(expected));
        expect(bytes(after.get(name)), `${sql}: ${name}`).toBeGreaterThan(bytes(before.get(name)));
      }
    }
  });

  it('does not queue behind a session that waits for ACCESS EXCLUSIVE', async () => {
    await using database = await createDatabase();
    await createFilled(database);
    const table = await snapshot(database);
    const reader = await database.client();
    await reader.query('BEGIN; SELECT FROM public.t_a LIMIT 1');
    const waiter = await database.client();
    const waiting = waiter.query('BEGIN; LOCK TABLE public.t_a IN ACCESS EXCLUSIVE MODE; ROLLBACK');
    await waitForLockWaiter(database, (lock) => lock.mode === 'AccessExclusiveLock');
    const found = named(table, await collect(database, table, ['statistics', 'sizes']));
    expect(found.get('t_a')?.indexBytes).toBe(0);
    expect(found.get('t_b')?.indexBytes).toBeGreaterThan(0);
    await reader.query('ROLLBACK');
    await waiting;
  });

  it('has what pg_class says of a partition that was never measured', async () => {
    await using database = await createDatabase();
    await createFilled(database);
    await database.query('ANALYZE public.t_a');
    const table = await snapshot(database);
    const one = named(table, await collect(database, table, ['statistics'])).get('t_a');
    const [row] = await database.query<{ bytes: string }>("SELECT pg_relation_size('public.t_a')::text AS bytes");
    expect(one).toMatchObject({ heapBytes: Number(row?.bytes), indexBytes: 0 });
  });

  it('measures those that came later on their own', async () => {
    await using database = await createDatabase();
    await createFilled(database);
    const table = await snapshot(database);
    const collection = new Collection();
    await collect(database, table, ['statistics', 'sizes'], collection);
    expect(collection.hasUnmeasured(table)).toBe(false);
    const fill = (month: string): string => `INSERT INTO public.t SELECT i, 'y', '2025-${month}-05Z' FROM generate_series(1, 5000) AS i`;
    await database.query("CREATE TABLE public.t_new PARTITION OF public.t FOR VALUES FROM ('2025-05-01Z') TO ('2025-06-01Z')");
    await database.query(`${fill('05')}; ${fill('01')}`);
    const later = await snapshot(database);
    const before = named(later, await collect(database, later, ['statistics'], collection));
    expect(collection.hasUnmeasured(later)).toBe(true);
    await using session = await openSession(database);
    await collectSizes(session, [later], collection, noAbort, 'new');
    const after = named(later, collection.of(later));
    expect(after.get('t_new')?.heapBytes).toBeGreaterThan(100_000);
    expect(after.get('t_a')?.heapBytes).toBe(before.get('t_a')?.heapBytes);
    expect(collection.hasUnmeasured(later)).toBe(false);
  });

  it('takes a partition that went away in the meantime for absent', async () => {
    await using database = await createDatabase();
    await createFilled(database);
    const table = await snapshot(database);
    await database.query('DROP TABLE public.t_a');
    const found = named(table, await collect(database, table, ['statistics', 'sizes', 'indexes']));
    expect([...found.keys()]).toEqual(['t_b', 't_f']);
  });
});

describe('collecting statistics', () => {
  it('has rows, dead rows, ages and times of vacuum and analyze as the catalog has them, the worst of a subtree', async () => {
    await using database = await createDatabase();
    await createFilled(database);
    await database.query('VACUUM ANALYZE public.t_a, public.t_b_0');
    await byVisitor(database, 'DELETE FROM public.t_a WHERE id % 4 = 0; DELETE FROM public.t_b WHERE id % 4 = 0');
    const table = await snapshot(database);
    const look = async (): Promise<ReadonlyMap<string, PartitionStatistics>> =>
      named(table, await collect(database, table, ['statistics']));
    const found = await waitFor('the dead rows', look, (seen) => seen.get('t_a')?.deadRows === 50 && seen.get('t_b')?.deadRows === 125);
    const leaves = await database.query<Record<string, string | number>>(`
      SELECT
        s.relname AS name,
        c.reltuples AS rows,
        coalesce(floor(extract(epoch FROM s.last_vacuum)), 0)::float8 AS vacuum,
        coalesce(floor(extract(epoch FROM s.last_analyze)), 0)::float8 AS analyze,
        greatest(age(c.relfrozenxid), age(t.relfrozenxid)) AS xid,
        greatest(mxid_age(c.relminmxid), mxid_age(t.relminmxid)) AS mxid
      FROM pg_stat_user_tables AS s JOIN pg_class AS c ON c.oid = s.relid LEFT JOIN pg_class AS t ON t.oid = c.reltoastrelid
      WHERE c.relkind = 'r' ORDER BY 1`);
    const [a, b0, b1] = leaves;
    expect(found.get('t_a')).toMatchObject({ rows: 200, vacuumedAt: a?.['vacuum'], analyzedAt: a?.['analyze'], mxidAge: a?.['mxid'] });
    expect(found.get('t_b')).toMatchObject({ rows: b0?.['rows'], vacuumedAt: 0, analyzedAt: 0, mxidAge: b1?.['mxid'] });
    expect(found.get('t_f')).toMatchObject({
      rows: -1,
      deadRows: 0,
      xidAge: 0,
      mxidAge: 0,
      vacuumedAt: Number.NaN,
      analyzedAt: 0,
      heapBytes: 0,
    });
    // Transactions of the whole server come in between.
    const xidAges = [found.get('t_a')?.xidAge ?? 0, found.get('t_b')?.xidAge ?? 0];
    expect(Math.min(...xidAges)).toBeGreaterThan(0);
    expect(xidAges[0]).toBeLessThanOrEqual(Number(a?.['xid']));
    expect(xidAges[1]).toBeLessThanOrEqual(Number(b1?.['xid']));
  });

  it('has the rows that were counted as they came before the first ANALYZE', async () => {
    await using database = await createDatabase();
    await createPlain(database);
    await byVisitor(database, "INSERT INTO public.t SELECT i, 'x', '2025-01-05Z' FROM generate_series(1, 70) AS i");
    const table = await snapshot(database);
    const found = await waitFor(
      'the rows in the statistics',
      async () => named(table, await collect(database, table, ['statistics'])),
      (partitions) => partitions.get('t_a')?.rows === 70,
    );
    expect(found.get('t_b')?.rows).toBe(-1);
  });

  it('counts the age of a TOAST table', async () => {
    await using database = await createDatabase();
    await createPlain(database);
    await database.query("INSERT INTO public.t SELECT i, 'x', '2025-01-05Z' FROM generate_series(1, 10) AS i");
    for (let i = 0; i < 5; i += 1) await database.query('SELECT pg_current_xact_id()');
    await database.query('VACUUM (FREEZE, PROCESS_TOAST false) public.t_a');
    const table = await snapshot(database);
    const found = named(table, await collect(database, table, ['statistics'])).get('t_a');
    const [own] = await database.query<{ age: number }>("SELECT age(relfrozenxid) AS age FROM pg_class WHERE relname = 't_a'");
    const [toast] = await database.query<{ age: number }>(
      "SELECT age(t.relfrozenxid) AS age FROM pg_class AS c JOIN pg_class AS t ON t.oid = c.reltoastrelid WHERE c.relname = 't_a'",
    );
    expect(toast?.age).toBeGreaterThan((own?.age ?? 0) + 4);
    expect(found?.xidAge).toBeGreaterThan((own?.age ?? 0) + 3);
  });

  it('knows when the partitioned table itself was analysed', async () => {
    await using database = await createDatabase();
    await createPlain(database);
    const table = await snapshot(database);
    expect((await collect(database, table, ['statistics'])).parentAnalyzedAt).toBe(0);
    await database.query('ANALYZE public.t');
    const look = (): Promise<{ at: number | null }[]> =>
      database.query<{ at: number | null }>(
        "SELECT floor(extract(epoch FROM last_analyze))::float8 AS at FROM pg_stat_all_tables WHERE relid = 'public.t'::regclass",
      );
    // Before PostgreSQL 15 the statistics arrive when they arrive.
    const [row] = await waitFor('the time of the ANALYZE', look, ([seen]) => typeof seen?.at === 'number');
    expect((await collect(database, table, ['statistics'])).parentAnalyzedAt).toBe(row?.at);
  });
});

describe('unhealthy indexes', () => {
  it('are none where all are in order, whatever a partition has of its own', async () => {
    expect(await health('CREATE INDEX t_id ON public.t (id); CREATE UNIQUE INDEX own ON public.t_a (body)')).toEqual({
      invalidIndexes: 0,
      drift: {},
    });
  });

  it('are those that a failed CREATE INDEX CONCURRENTLY left', async () => {
    const found = await health(`
      INSERT INTO public.t SELECT 1, 'twice', '2025-01-05Z' FROM generate_series(1, 2);
      CREATE UNIQUE INDEX CONCURRENTLY broken ON public.t_a (body)`);
    expect(found).toEqual({ invalidIndexes: 1, drift: {} });
  });

  it('are an index of the parent that lacks partitions, and one made for it but not attached', async () => {
    const lacking = await health('CREATE INDEX t_id ON ONLY public.t (id)');
    expect(lacking).toEqual({ invalidIndexes: 1, drift: { index: 2 } });
    const forgotten = await health(
      'CREATE INDEX t_id ON ONLY public.t (id); CREATE INDEX a_id ON public.t_a (id); CREATE INDEX b ON public.t_b (id) WHERE id > 1',
    );
    expect(forgotten).toEqual({ invalidIndexes: 2, drift: { index: 2 } });
    const half = await health(
      'CREATE INDEX t_id ON ONLY public.t (id); CREATE INDEX a_id ON public.t_a (id); ALTER INDEX public.t_id ATTACH PARTITION public.a_id',
    );
    expect(half).toEqual({ invalidIndexes: 1, drift: { index: 1 } });
  });

  it('are found below a partition that is partitioned itself, and not wanted of a foreign one', async () => {
    const sub = `
      CREATE TABLE public.t_c PARTITION OF public.t FOR VALUES FROM ('2025-03-01Z') TO ('2025-04-01Z') PARTITION BY LIST (id);
      CREATE TABLE public.t_c_1 PARTITION OF public.t_c FOR VALUES IN (1);
      CREATE FOREIGN DATA WRAPPER nowhere;
      CREATE SERVER elsewhere FOREIGN DATA WRAPPER nowhere;
      CREATE FOREIGN TABLE public.t_f PARTITION OF public.t FOR VALUES FROM ('2025-04-01Z') TO ('2025-05-01Z') SERVER elsewhere`;
    expect(await health(`${sub}; CREATE INDEX c_id ON ONLY public.t_c (id)`)).toEqual({ invalidIndexes: 1, drift: { index: 1 } });
    expect(await health(`${sub}; CREATE INDEX t_id ON ONLY public.t (id)`)).toEqual({ invalidIndexes: 1, drift: { index: 3 } });
  });

  it('are not those being built now', async () => {
    await using database = await createDatabase();
    await createPlain(database);
    const table = await snapshot(database);
    const builder = await database.client();
    const blocker = await database.client();
    await blocker.query("BEGIN; INSERT INTO public.t VALUES (1, 'open', '2025-01-05Z')");
    const building = builder.query('CREATE INDEX CONCURRENTLY slow ON public.t_a (body)');
    await waitFor(
      'the invalid index',
      () => database.query("SELECT FROM pg_index WHERE indexrelid = to_regclass('public.slow') AND NOT indisvalid"),
      (rows) => rows.length === 1,
    );
    expect((await collect(database, table, ['indexes'])).invalidIndexes).toBe(0);
    const role = await database.createRole('stranger');
    await using stranger = await openSession(database, role.url);
    const collection = new Collection();
    await collectIndexes(stranger, [table], collection, noAbort);
    expect(collection.of(table).invalidIndexes, 'seen by a role that must not see what others do').toBe(0);
    // Listened to before it happens: the answer to the one may come before that to the other.
    const ended = building.then(
      () => 'made',
      (error: unknown) => String(error),
    );
    await database.query('SELECT pg_cancel_backend($1)', [await builderPid(database)]);
    expect(await ended).toContain('cancel');
    await blocker.query('ROLLBACK');
    expect((await collect(database, table, ['indexes'])).invalidIndexes).toBe(1);
  });
});

async function builderPid(database: TestDatabase): Promise<number | undefined> {
  const [row] = await database.query<{ pid: number }>('SELECT pid FROM pg_stat_progress_create_index WHERE datname = current_database()');
  return row?.pid;
}

describe('drift', () => {
  const cases: readonly (readonly [string, string, Readonly<Record<string, number>>])[] = [
    ['is none among tables made alike', 'GRANT SELECT ON public.t, public.t_a, public.t_b TO PUBLIC', {}],
    ['of grants is one missing on a partition', 'GRANT SELECT ON public.t, public.t_a TO PUBLIC', { acl: 1 }],
    ['of grants is one too many', 'GRANT INSERT ON public.t_b TO PUBLIC', { acl: 1 }],
    ['of grants is one on a column', 'GRANT SELECT (id) ON public.t, public.t_a TO PUBLIC', { acl: 1 }],
    ['of grants is none when only the owner said what he may', 'GRANT ALL ON public.t_a TO CURRENT_USER', {}],
    ['of constraints is a CHECK of a partition alone', 'ALTER TABLE public.t_a ADD CHECK (id > 0)', { constraint: 1 }],
    ['of constraints is no CHECK of the key, as ATTACH likes it', "ALTER TABLE public.t_a ADD CHECK (at >= '2025-01-01Z')", {}],
    [
      'of constraints is none that the parent has as well',
      'ALTER TABLE public.t_a ADD CONSTRAINT c CHECK (id > 0); ALTER TABLE public.t ADD CONSTRAINT c CHECK (id > 0)',
      {},
    ],
    [
      'of constraints is a foreign key of a partition alone',
      'CREATE TABLE public.r (id int8 PRIMARY KEY); ALTER TABLE public.t_a ADD FOREIGN KEY (id) REFERENCES public.r',
      { constraint: 1 },
    ],
    [
      'of constraints is no foreign key of the parent',
      'CREATE TABLE public.r (id int8, PRIMARY KEY (id)) PARTITION BY HASH (id); CREATE TABLE public.r_0 PARTITION OF public.r FOR VALUES WITH (MODULUS 1, REMAINDER 0); ALTER TABLE public.t ADD FOREIGN KEY (id) REFERENCES public.r',
      {},
    ],
    ['of storage is another parameter than the newest sibling has', 'ALTER TABLE public.t_a SET (fillfactor = 70)', { storage: 1 }],
    ['of storage is one of the TOAST table', 'ALTER TABLE public.t_b SET (toast.autovacuum_enabled = off)', { storage: 1 }],
    [
      'of storage is none in another order',
      'ALTER TABLE public.t_a SET (fillfactor = 70, autovacuum_enabled = off); ALTER TABLE public.t_b SET (autovacuum_enabled = off, fillfactor = 70)',
      {},
    ],
    [
      'of the replica identity is another one than the parent has',
      'ALTER TABLE public.t REPLICA IDENTITY FULL; ALTER TABLE public.t_a REPLICA IDENTITY FULL',
      { 'replica-identity': 1 },
    ],
    [
      'of the replica identity is another one than the newest sibling has, where the parent has none',
      'ALTER TABLE public.t_b REPLICA IDENTITY FULL',
      { 'replica-identity': 1 },
    ],
    [
      'of the replica identity is another index',
      `ALTER TABLE public.t ALTER id SET NOT NULL; CREATE UNIQUE INDEX one ON public.t (id, at); CREATE UNIQUE INDEX two ON public.t (at, id);
       ALTER TABLE public.t_a REPLICA IDENTITY USING INDEX t_a_id_at_idx; ALTER TABLE public.t_b REPLICA IDENTITY USING INDEX t_b_at_id_idx`,
      { 'replica-identity': 1 },
    ],
    [
      'of the replica identity is none where each uses its own of one index',
      `ALTER TABLE public.t ALTER id SET NOT NULL; CREATE UNIQUE INDEX one ON public.t (id, at); ALTER TABLE public.t REPLICA IDENTITY USING INDEX one;
       ALTER TABLE public.t_a REPLICA IDENTITY USING INDEX t_a_id_at_idx; ALTER TABLE public.t_b REPLICA IDENTITY USING INDEX t_b_id_at_idx`,
      {},
    ],
  ];
  it.each(cases)('%s', async (_, sql, drift) => {
    expect(await health(sql)).toEqual({ invalidIndexes: 0, drift });
  });

  it('of the owner is another role, also below a partition that is partitioned itself', async () => {
    await using database = await createDatabase();
    await createFilled(database);
    const { name } = await database.createRole('other');
    await database.query(`ALTER TABLE public.t_b_1 OWNER TO "${name}"; ALTER TABLE public.t_f OWNER TO "${name}"`);
    const { drift } = await collect(database, await snapshot(database), ['indexes']);
    expect(Object.fromEntries(drift ?? [])).toEqual({ owner: 2 });
    await database.query(`REASSIGN OWNED BY "${name}" TO CURRENT_USER`);
  });
});
