import { describe, expect, it } from 'vitest';
import { connectSession } from '../../src/postgres/session.ts';
import { collectStatistics } from '../../src/reconcile/collect-statistics.ts';
import type { RunReport } from '../../src/reconcile/event.ts';
import type { PartitionStatistics } from '../../src/reconcile/table-statistics.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { policyOf, reconcile } from '../support/reconcile.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const never = new AbortController().signal;
const plan = { request: { mode: 'plan' } } as const;

async function createFilled(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE public.t (id int8 NOT NULL, body text, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE public.t_a PARTITION OF public.t FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
    CREATE TABLE public.t_b PARTITION OF public.t FOR VALUES FROM ('2025-02-01Z') TO ('2025-03-01Z') PARTITION BY HASH (id);
    CREATE TABLE public.t_b_0 PARTITION OF public.t_b FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE public.t_b_1 PARTITION OF public.t_b FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    ALTER TABLE public.t_a ALTER COLUMN body SET STORAGE EXTERNAL;
    INSERT INTO public.t SELECT i, repeat('x', 4000), '2025-01-05Z' FROM generate_series(1, 200) AS i;
    INSERT INTO public.t SELECT i, 'y', '2025-02-05Z' FROM generate_series(1, 500) AS i;`);
}

/** As the daemon collects: on its own session with a short lock timeout; by name of the partition. */
async function collect(database: TestDatabase, report: RunReport): Promise<ReadonlyMap<string, PartitionStatistics>> {
  const settings = { applicationName: 'partitiond/collector', statementTimeoutMs: 30_000, lockTimeoutMs: 100 };
  const session = await connectSession({ kind: 'url', url: database.url }, settings, never);
  try {
    const [statistics] = await collectStatistics(session, report, never);
    const state = report.tables[0]?.state;
    if (state?.kind !== 'partitioned' || statistics === undefined) throw new Error('the table was not read');
    return new Map(
      state.table.partitions.flatMap(({ oid, name }) => {
        const one = statistics.partitions.get(oid);
        return one === undefined ? [] : [[name.name, one] as const];
      }),
    );
  } finally {
    await session.close();
  }
}

describe('collecting sizes', () => {
  it('adds up to what PostgreSQL says of each tree, split into heap, indexes and TOAST', async () => {
    await using database = await createDatabase();
    await createFilled(database);
    const found = await collect(database, await reconcile(database, [policyOf('t')], plan));
    const expected = await database.query<{ name: string; total: string; indexes: string }>(`
      SELECT p.name, sum(pg_total_relation_size(c.oid))::text AS total, sum(pg_indexes_size(c.oid))::text AS indexes
        FROM (VALUES ('t_a'), ('t_b')) AS p (name), pg_class AS c
       WHERE c.relname LIKE p.name || '%' AND c.relkind = 'r' GROUP BY 1`);
    expect(found.size).toBe(2);
    for (const { name, total, indexes } of expected) {
      const one = found.get(name);
      expect((one?.heapBytes ?? 0) + (one?.indexBytes ?? 0) + (one?.toastBytes ?? 0), name).toBe(Number(total));
      expect(one?.indexBytes, name).toBe(Number(indexes));
    }
    expect(found.get('t_a')?.toastBytes).toBeGreaterThan(800_000);
    expect(found.get('t_a')?.heapBytes).toBeLessThan(200_000);
  });

  it('leaves out a partition whose leaf somebody holds in ACCESS EXCLUSIVE, and still reads the others', async () => {
    await using database = await createDatabase();
    await createFilled(database);
    const report = await reconcile(database, [policyOf('t')], plan);
    const holder = await database.client();
    await holder.query('BEGIN; LOCK TABLE public.t_b_1 IN ACCESS EXCLUSIVE MODE');
    expect([...(await collect(database, report)).keys()]).toEqual(['t_a']);
    await holder.query('ROLLBACK');
    expect([...(await collect(database, report)).keys()]).toEqual(['t_a', 't_b']);
  });

  it('does not queue behind a session that waits for ACCESS EXCLUSIVE', async () => {
    await using database = await createDatabase();
    await createFilled(database);
    const report = await reconcile(database, [policyOf('t')], plan);
    const reader = await database.client();
    await reader.query('BEGIN; SELECT FROM public.t_a LIMIT 1');
    const waiter = await database.client();
    const waiting = waiter.query('BEGIN; LOCK TABLE public.t_a IN ACCESS EXCLUSIVE MODE; ROLLBACK');
    await waitForLockWaiter(database, (lock) => lock.mode === 'AccessExclusiveLock');
    const startedAt = performance.now();
    expect([...(await collect(database, report)).keys()]).toEqual(['t_b']);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await reader.query('ROLLBACK');
    await waiting;
  });

  it('leaves out a partition whose index is locked', async () => {
    await using database = await createDatabase();
    await createFilled(database);
    const report = await reconcile(database, [policyOf('t')], plan);
    const holder = await database.client();
    await holder.query('BEGIN; REINDEX INDEX public.t_a_pkey');
    expect([...(await collect(database, report)).keys()]).toEqual(['t_b']);
    await holder.query('ROLLBACK');
  });

  it('takes a partition that went away in the meantime for absent', async () => {
    await using database = await createDatabase();
    await createFilled(database);
    const report = await reconcile(database, [policyOf('t')], plan);
    await database.query('DROP TABLE public.t_a');
    expect([...(await collect(database, report)).keys()]).toEqual(['t_b']);
  });
});
