import { describe, expect, it } from 'vitest';
import { NotLeaderError } from '../../src/errors.ts';
import { installJournal } from '../../src/journal/install.ts';
import type { PartitionedTable } from '../../src/partition/partition.ts';
import { type Clock, systemClock } from '../../src/postgres/clock.ts';
import { collectStatistics } from '../../src/reconcile/collection/collect-statistics.ts';
import { Collection } from '../../src/reconcile/collection/collection.ts';
import { countLimits, countRows } from '../../src/reconcile/collection/count-rows.ts';
import { readClosedTables } from '../../src/reconcile/collection/read-closed-tables.ts';
import { startCluster } from '../support/cluster.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { policyOf, reconcile } from '../support/reconcile.ts';
import { waitFor } from '../support/wait-for.ts';

/** Two closed partitions, one of them partitioned itself, and one that is open for ever; each leaf with an estimate that is no count. */
async function createFilled(database: TestDatabase): Promise<PartitionedTable> {
  await database.query(`
    CREATE TABLE public.t (id int8 NOT NULL, body text, at timestamptz NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE public.t_a PARTITION OF public.t FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
    CREATE TABLE public.t_b PARTITION OF public.t FOR VALUES FROM ('2025-02-01Z') TO ('2025-03-01Z') PARTITION BY HASH (id);
    CREATE TABLE public.t_b_0 PARTITION OF public.t_b FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE public.t_b_1 PARTITION OF public.t_b FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE public.t_z PARTITION OF public.t FOR VALUES FROM ('2025-03-01Z') TO ('2999-01-01Z');
    ALTER TABLE public.t_a SET (autovacuum_enabled = off);
    ALTER TABLE public.t_b_0 SET (autovacuum_enabled = off);
    ALTER TABLE public.t_b_1 SET (autovacuum_enabled = off);
    ALTER TABLE public.t_z SET (autovacuum_enabled = off)`);
  await byVisitor(
    database,
    `INSERT INTO public.t SELECT i, repeat('x', 1000), '2025-01-05Z' FROM generate_series(1, 200) AS i;
     INSERT INTO public.t SELECT i, 'y', '2025-02-05Z' FROM generate_series(1, 500) AS i;
     INSERT INTO public.t SELECT i, 'z', '2025-03-05Z' FROM generate_series(1, 5) AS i;
     UPDATE pg_class SET reltuples = 7 WHERE relname IN ('t_a', 't_b_0', 't_b_1', 't_z')`,
  );
  // Before 15 a process of its own collects the statistics, and takes its time.
  await waitFor(
    'the statistics of all rows',
    () => database.query<{ rows: number }>("SELECT sum(n_tup_ins)::int4 AS rows FROM pg_stat_user_tables WHERE schemaname = 'public'"),
    ([sum]) => sum?.rows === 705,
  );
  await using session = await openSession(database);
  await installJournal(session, 'partitiond', noAbort);
  await database.query("INSERT INTO partitiond.leadership (epoch, holder, configuration_generation) VALUES (1, 'test', 'test')");
  return await snapshot(database);
}

async function snapshot(database: TestDatabase): Promise<PartitionedTable> {
  const { tables } = await reconcile(database, [policyOf('t')], { request: { mode: 'plan' } });
  const state = tables[0]?.state;
  if (state?.kind !== 'partitioned') throw new Error('the table was not read');
  return state.table;
}

/** A session reports what it did at its end at the latest, else up to ten seconds later. */
async function byVisitor(database: TestDatabase, sql: string): Promise<void> {
  const visitor = await database.client();
  await visitor.query(sql);
  await visitor.end();
}

interface Found {
  readonly rows: Readonly<Record<string, number | undefined>>;
  readonly counts: number;
}

interface Options {
  readonly epoch?: number;
  readonly url?: string;
  readonly blocksPerSlice?: number;
  readonly budgetMs?: number;
  readonly clock?: Clock;
}

/** One collection as the daemon makes it: on a read-only session, statistics first. Rows by partition, and how many statements counted. */
async function collect(database: TestDatabase, table: PartitionedTable, collection: Collection, options: Options = {}): Promise<Found> {
  await using session = await openSession(database, options.url);
  await session.execute('SET default_transaction_read_only = on', noAbort);
  const now = BigInt(Date.now()) * 1_000n;
  const closed = await readClosedTables(session, [table], collection, { now, journalSchema: 'partitiond' }, noAbort);
  await collectStatistics(session, [table], collection, closed, noAbort);
  const guardSql = `SELECT partitiond.require_epoch(${options.epoch ?? 1})`;
  const { budgetMs = countLimits.budgetMs, blocksPerSlice = countLimits.blocksPerSlice, clock = systemClock } = options;
  const limits = { ...countLimits, budgetMs, blocksPerSlice };
  await countRows(session, collection, { journalSchema: 'partitiond', guardSql, statementTimeoutMs: 30_000, clock, limits }, noAbort);
  const { partitions } = collection.of(table);
  return {
    rows: Object.fromEntries(table.partitions.map(({ oid, name }) => [name.name, partitions.get(oid)?.rows])),
    counts: session.reads.filter((name) => name === 'count-rows').length,
  };
}

const counted = { t_a: 200, t_b: 500, t_z: 7 };
const uncounted = { t_a: 7, t_b: 14, t_z: 7 };

describe('rows of closed partitions', () => {
  it('are counted once when two looks find them unchanged, and known to the next leader', async () => {
    await using database = await createDatabase();
    const table = await createFilled(database);
    const collection = new Collection();
    expect(await collect(database, table, collection)).toEqual({ rows: uncounted, counts: 0 });
    expect(await collect(database, table, collection)).toEqual({ rows: uncounted, counts: 3 });
    expect(await collect(database, table, collection)).toEqual({ rows: counted, counts: 0 });
    expect(await collect(database, table, new Collection())).toEqual({ rows: counted, counts: 0 });
  });

  it('are counted anew when some were added, removed, or the table was emptied', async () => {
    await using database = await createDatabase();
    const table = await createFilled(database);
    const collection = new Collection();
    for (let look = 0; look < 2; look += 1) await collect(database, table, collection);
    const changes = [
      ["INSERT INTO public.t SELECT 1, 'late', '2025-01-06Z' FROM generate_series(1, 7)", 207],
      ["DELETE FROM public.t_a WHERE body = 'late'", 200],
      ['TRUNCATE public.t_a', 0],
    ] as const;
    for (const [sql, rows] of changes) {
      await byVisitor(database, sql);
      const seen = await waitFor(
        sql,
        () => collect(database, table, collection),
        (found) => found.counts === 1,
      );
      expect(seen.rows['t_a'], sql).not.toBe(rows);
      expect((await collect(database, table, collection)).rows, sql).toEqual({ ...counted, t_a: rows });
    }
  });

  it('are counted slice by slice, and on from there when the time is over', async () => {
    await using database = await createDatabase();
    const table = await createFilled(database);
    const collection = new Collection();
    const [size] = await database.query<{ blocks: number }>("SELECT (pg_relation_size('public.t_a') / 8192)::int4 AS blocks");
    const slices = Math.ceil((size?.blocks ?? 0) / 10);
    expect(slices).toBeGreaterThan(2);
    await collect(database, table, collection);
    // Time for one slice in each run; those of t_b are one slice each.
    for (let run = 0; run < slices + 2; run += 1) {
      let ticks = 0;
      const clock: Clock = { ...systemClock, monotonicMs: () => (ticks += 1) };
      expect((await collect(database, table, collection, { blocksPerSlice: 10, budgetMs: 1.5, clock })).counts).toBe(1);
    }
    expect(await collect(database, table, collection)).toEqual({ rows: counted, counts: 0 });
  });

  it('are left uncounted while the table is locked, and counted once it is free', async () => {
    await using database = await createDatabase();
    const table = await createFilled(database);
    const collection = new Collection();
    const holder = await database.client();
    await collect(database, table, collection);
    await holder.query('BEGIN; LOCK TABLE public.t_a IN ACCESS EXCLUSIVE MODE');
    expect((await collect(database, table, collection)).counts).toBe(2);
    expect((await collect(database, table, collection)).rows).toEqual({ ...counted, t_a: 7 });
    await holder.query('ROLLBACK');
    await collect(database, table, collection);
    expect((await collect(database, table, collection)).rows).toEqual(counted);
  });

  it('are counted anew when the statistics were reset', async () => {
    await using database = await createDatabase();
    const table = await createFilled(database);
    const collection = new Collection();
    for (let look = 0; look < 2; look += 1) await collect(database, table, collection);
    await database.query('SELECT pg_stat_reset()');
    const seen = await waitFor(
      'the reset',
      () => collect(database, table, collection),
      ({ rows }) => rows['t_a'] !== 200,
    );
    expect(seen.rows).toEqual(uncounted);
    await waitFor(
      'the second count',
      () => collect(database, table, collection),
      ({ rows }) => rows['t_a'] === 200 && rows['t_b'] === 500,
    );
  });

  it('are counted anew when a crash has lost the counters, although these are the same again', async () => {
    await using cluster = await startCluster();
    await using database = await createDatabase(cluster.url);
    // The server of a test writes late: without a checkpoint it would lose the rows as well.
    const crash = async (): Promise<void> => {
      await byVisitor(database, 'CHECKPOINT');
      await cluster.kill();
      await cluster.start();
    };
    const table = await createFilled(database);
    // Counters begin at nothing, as they will after the second crash.
    await crash();
    const collection = new Collection();
    for (let look = 0; look < 2; look += 1) await collect(database, table, collection);
    expect((await collect(database, table, collection)).rows).toEqual(counted);
    await byVisitor(database, "INSERT INTO public.t SELECT 1, 'late', '2025-01-06Z' FROM generate_series(1, 7)");
    await crash();
    expect((await collect(database, table, collection)).rows['t_a']).toBe(7);
    await collect(database, table, collection);
    expect((await collect(database, table, collection)).rows['t_a']).toBe(207);
  });

  it('are not written by one who no longer leads', async () => {
    await using database = await createDatabase();
    const table = await createFilled(database);
    const collection = new Collection();
    await collect(database, table, collection);
    await database.query('UPDATE partitiond.leadership SET epoch = 2');
    await expect(collect(database, table, collection)).rejects.toThrow(NotLeaderError);
    expect(await database.query('SELECT FROM partitiond.row_count')).toEqual([]);
  });

  it('are counted an hour later where a count has failed for a passing reason, not before and not where it cannot help', async () => {
    await using database = await createDatabase();
    const table = await createFilled(database);
    const collection = new Collection();
    let aheadMs = 0;
    const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
    await database.query('ALTER FUNCTION pg_catalog.to_regclass(text) RENAME TO to_regclass_gone');
    for (let look = 0; look < 2; look += 1) await collect(database, table, collection, { clock });
    expect(collection.uncountable.size).toBe(3);
    await database.query('ALTER FUNCTION pg_catalog.to_regclass_gone(text) RENAME TO to_regclass');
    expect(await collect(database, table, collection, { clock })).toEqual({ rows: uncounted, counts: 0 });
    aheadMs += 61 * 60_000;
    for (let look = 0; look < 3; look += 1) await collect(database, table, collection, { clock });
    expect(await collect(database, table, collection, { clock })).toEqual({ rows: counted, counts: 0 });
  });

  it('are forgotten with the partitions that are gone', async () => {
    await using database = await createDatabase();
    const table = await createFilled(database);
    const collection = new Collection();
    for (let look = 0; look < 2; look += 1) await collect(database, table, collection);
    collection.keepOnly([table]);
    expect(collection.counts?.size).toBe(3);
    await database.query('DROP TABLE public.t_b');
    const after = await snapshot(database);
    await collect(database, after, collection);
    collection.keepOnly([after]);
    expect([...(collection.counts?.keys() ?? [])]).toEqual(
      after.partitions.filter(({ name }) => name.name === 't_a').map(({ oid }) => oid),
    );
    expect(collection.of(after).partitions.size).toBe(2);
    collection.keepOnly([]);
    expect(collection.of(after).partitions.size).toBe(0);
  });

  it('stay estimates where row security would hide some of them', async () => {
    await using database = await createDatabase();
    const table = await createFilled(database);
    const role = await database.createRole('reader');
    await database.query(`
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO "${role.name}";
      GRANT USAGE ON SCHEMA partitiond TO "${role.name}";
      GRANT ALL ON ALL TABLES IN SCHEMA partitiond TO "${role.name}";
      GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA partitiond TO "${role.name}";
      ALTER TABLE public.t_a ENABLE ROW LEVEL SECURITY; REVOKE SELECT ON public.t_b_0 FROM "${role.name}"`);
    const collection = new Collection();
    for (let look = 0; look < 2; look += 1) await collect(database, table, collection, { url: role.url });
    const [row] = await database.query<{ count: number }>('SELECT count(*)::int4 AS count FROM public.t_b_1');
    expect(await collect(database, table, collection, { url: role.url })).toEqual({
      rows: { ...uncounted, t_b: 7 + (row?.count ?? 0) },
      counts: 0,
    });
  });
});
