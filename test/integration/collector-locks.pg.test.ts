import { describe, expect, it } from 'vitest';
import { anyPorts, type Daemon, startDaemon } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { policyFile } from '../support/policy-file.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

/** A collection each second; the other tasks once, at the start. */
const top = `${anyPorts}\nschedules: { provision: "0 0 1 1 *", retention: "0 0 1 1 *", maintenance: off, index: off, collect: "* * * * * *" }\nmetrics: { partitions: all, rowCounts: exact }`;

/** Two tables of the same shape, with rows, TOAST and an index; `t_old` has long been closed, `t_now` holds today. And one by integers. */
async function createTables(database: TestDatabase): Promise<void> {
  // On a session that ends, which makes it tell at once how many rows it has written.
  const builder = await database.client();
  for (const table of ['t', 'u']) {
    await builder.query(`
      CREATE TABLE public.${table} (id int8 NOT NULL, body text, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
      CREATE TABLE public.${table}_old PARTITION OF public.${table} FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z');
      CREATE TABLE public.${table}_now PARTITION OF public.${table} FOR VALUES FROM ('2020-02-01Z') TO ('2100-01-01Z');
      CREATE TABLE public.${table}_far PARTITION OF public.${table} FOR VALUES FROM ('2100-01-01Z') TO ('2100-02-01Z');
      INSERT INTO public.${table} SELECT i, 'x', '2020-01-05Z' FROM generate_series(1, 300) AS i;
      INSERT INTO public.${table} SELECT i, 'x', '2020-02-05Z' FROM generate_series(1, 10) AS i`);
  }
  await builder.query(`
    CREATE TABLE public.n (id int8 NOT NULL) PARTITION BY RANGE (id);
    CREATE TABLE public.n_0 PARTITION OF public.n FOR VALUES FROM (0) TO (1000);
    CREATE TABLE public.n_1 PARTITION OF public.n FOR VALUES FROM (1000) TO (2000);
    INSERT INTO public.n SELECT generate_series(1, 1500)`);
  await builder.end();
}

const tables = [
  '{ table: public.t, interval: 1 month, premake: 0 }',
  '{ table: public.u, interval: 1 month, premake: 0 }',
  '{ table: public.n, interval: 1000, premake: 0 }',
];

function of(name: string, labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries({ database: 'app', ...labels }).map(([key, value]) => `${key}="${value}"`);
  return `${name}{${pairs.join(',')}}`;
}

const size = of('partition_size_bytes', { schema: 'public', table: 't', partition: 't_old' });
const rows = of('partition_rows', { schema: 'public', table: 't', partition: 't_old' });
/** From then on the number is the journal's, whatever the statistics system says and when. */
async function waitForCounts(daemon: Daemon, database: TestDatabase): Promise<void> {
  await daemon.waitForSample(rows, 300);
  await waitFor(
    'the counts of the closed partitions in the journal',
    () => database.query('SELECT FROM partitiond.row_count'),
    (counts) => counts.length === 3,
    { timeoutMs: 30_000 },
  );
}

const snapshotAt = of('catalog_snapshot_timestamp_seconds');

/** Waits for two further snapshots, so that one of them has begun after now; every scrape meanwhile is answered soon. */
async function watchTwoSnapshots(daemon: Daemon, database: TestDatabase): Promise<void> {
  const slowest = { ms: 0 };
  const connections = new Set<number>();
  const look = async (): Promise<number> => {
    const startedAt = performance.now();
    const samples = await daemon.scrape();
    slowest.ms = Math.max(slowest.ms, performance.now() - startedAt);
    const [row] = await database.query<{ count: number }>(
      "SELECT count(*)::int4 AS count FROM pg_stat_activity WHERE application_name = 'partitiond/collector' AND datname = current_database()",
    );
    connections.add(row?.count ?? -1);
    return samples.get(snapshotAt) ?? 0;
  };
  for (let round = 0; round < 2; round += 1) {
    const before = await look();
    await waitFor('the next snapshot', look, (seen) => seen > before, { timeoutMs: 30_000 });
  }
  expect(slowest.ms).toBeLessThan(1_000);
  expect(Math.max(...connections)).toBeLessThanOrEqual(1);
}

/** What can be locked away, and the statement that does it. */
const targets = [
  ['the partition', 'LOCK TABLE public.t_old IN ACCESS EXCLUSIVE MODE'],
  ['its index', 'REINDEX INDEX public.t_old_pkey'],
  [
    'the index of its TOAST table',
    "DO $$ BEGIN EXECUTE 'REINDEX TABLE ' || (SELECT reltoastrelid::regclass FROM pg_class WHERE relname = 't_old'); END $$",
  ],
  ['a partition ahead, which a snapshot measures', 'LOCK TABLE public.t_far IN ACCESS EXCLUSIVE MODE'],
  ['the newest partition of an integer key', 'LOCK TABLE public.n_1 IN ACCESS EXCLUSIVE MODE'],
  ['the whole table', 'LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE'],
] as const;

describe('a daemon beside somebody with ACCESS EXCLUSIVE', () => {
  // A dozen snapshots, each with a deadline of its own that says what it waits for.
  it('answers and goes on with its snapshots, keeps the last values, and holds one connection at most', { timeout: 240_000 }, async () => {
    await using database = await createDatabase();
    await createTables(database);
    using file = policyFile(database, tables, top);
    await using daemon = await startDaemon(file.path);
    await waitForCounts(daemon, database);
    await daemon.waitForSample(size, (bytes) => bytes > 0);
    const known = (await daemon.scrape()).get(size);
    const holder = await database.client({ applicationName: 'holder' });
    for (const [what, sql] of targets) {
      await holder.query(`BEGIN; ${sql}`);
      await watchTwoSnapshots(daemon, database);
      const samples = await daemon.scrape();
      expect(samples.get(size), what).toBe(known);
      expect(samples.get(rows), what).toBe(300);
      await holder.query('ROLLBACK');
    }
    for (const collector of ['catalog', 'statistics', 'sizes', 'indexes']) {
      expect((await daemon.scrape()).get(of('collector_success', { collector })), collector).toBe(1);
    }
  });

  it('does not stand in the way of a session that waits for it, and does not wait behind it', async () => {
    await using database = await createDatabase();
    await createTables(database);
    using file = policyFile(database, tables, top);
    await using daemon = await startDaemon(file.path);
    await waitForCounts(daemon, database);
    const reader = await database.client();
    await reader.query('BEGIN; SELECT FROM public.t_old LIMIT 1');
    const waiter = await database.client();
    const waiting = waiter.query('BEGIN; LOCK TABLE public.t_old IN ACCESS EXCLUSIVE MODE; ROLLBACK');
    await waitForLockWaiter(database, (lock) => lock.mode === 'AccessExclusiveLock');
    await watchTwoSnapshots(daemon, database);
    const blockers = await database.query<{ name: string }>(
      `SELECT DISTINCT b.application_name AS name
         FROM pg_stat_activity AS a, unnest(pg_blocking_pids(a.pid)) AS p (pid), pg_stat_activity AS b
        WHERE b.pid = p.pid AND a.datname = current_database()`,
    );
    expect(blockers.filter(({ name }) => name.startsWith('partitiond'))).toEqual([]);
    await reader.query('ROLLBACK');
    await waiting;
    expect((await daemon.scrape()).get(rows)).toBe(300);
  });

  it('begins while a whole table is locked away, and reads it when that is over', async () => {
    await using database = await createDatabase();
    await createTables(database);
    using file = policyFile(database, tables, top);
    const holder = await database.client();
    await holder.query('BEGIN; LOCK TABLE public.t, public.n IN ACCESS EXCLUSIVE MODE');
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample(of('collector_success', { collector: 'sizes' }), 1);
    await daemon.waitForSample(of('partition_rows', { schema: 'public', table: 'u', partition: 'u_old' }), 300);
    const locked = await daemon.scrape();
    expect(locked.get(size)).toBe(0);
    expect(locked.get(of('partition_size_bytes', { schema: 'public', table: 'u', partition: 'u_old' }))).toBeGreaterThan(0);
    await holder.query('ROLLBACK');
    await daemon.waitForSample(rows, 300);
  });
});
