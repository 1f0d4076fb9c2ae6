import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ListedMetric } from '../../scripts/docs-metrics.ts';
import { anyPorts, startDaemon } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { type ExposedFamily, parseExposition } from '../support/exposition.ts';
import { findNamingFaults } from '../support/metric-names.ts';
import { policyFile } from '../support/policy-file.ts';
import { waitFor } from '../support/wait-for.ts';

const day = 86_400_000;

function isoDay(offset: number): string {
  return new Date(Math.floor(Date.now() / day) * day + offset * day).toISOString();
}

/** A time key with closed, filled partitions, those that its policy wants made already, a default partition with a row in it and a name that must be escaped; and an integer key. */
async function createTables(database: TestDatabase): Promise<void> {
  await database.query(`CREATE TABLE public."odd ""name"" \\ here" (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at)`);
  for (let i = -5; i <= 2; i += 1) {
    const range = `FROM ('${isoDay(i)}') TO ('${isoDay(i + 1)}')`;
    await database.query(`CREATE TABLE public.odd_${i + 5} PARTITION OF public."odd ""name"" \\ here" FOR VALUES ${range}`);
  }
  await database.query(`
    CREATE TABLE public.odd_default PARTITION OF public."odd ""name"" \\ here" DEFAULT;
    INSERT INTO public."odd ""name"" \\ here" SELECT i, now() - interval '5 days' + i * interval '10 min' FROM generate_series(1, 700) AS i;
    INSERT INTO public.odd_default VALUES (1, '1999-01-01Z');
    CREATE TABLE public.numbers (id int8 NOT NULL) PARTITION BY RANGE (id);
    CREATE TABLE public.numbers_0 PARTITION OF public.numbers FOR VALUES FROM (0) TO (100);
    INSERT INTO public.numbers SELECT generate_series(1, 50);
    ANALYZE;`);
}

const parts = String.raw`pg_inherits JOIN pg_class AS c ON c.oid = inhrelid WHERE inhparent = 'public."odd ""name"" \ here"'::regclass`;

/** The partition that was vacuumed longest ago is another second's than the others. */
async function vacuumAll(database: TestDatabase): Promise<void> {
  await database.query(String.raw`ANALYZE public."odd ""name"" \ here"`);
  await database.query('VACUUM public.odd_0');
  await database.query('SELECT pg_sleep(1.1)');
  for (const name of ['1', '2', '3', '4', '5', '6', '7', 'default']) await database.query(`VACUUM ANALYZE public.odd_${name}`);
  // Before PostgreSQL 15 the statistics arrive when they arrive.
  const unseen = `SELECT count(*)::int AS count FROM ${parts} AND pg_stat_get_last_vacuum_time(c.oid) IS NULL`;
  await waitFor(
    'the times of all VACUUMs',
    () => database.query<{ count: number }>(unseen),
    ([row]) => row?.count === 0,
  );
}

const tables = [
  `{ table: 'public."odd ""name"" \\ here"', interval: 1 day, premake: 2, defaultPartition: keep, retention: { keep: 30 days, action: detach } }`,
  '{ table: public.numbers, interval: 100, premake: 2 }',
];

/** The first needs a minute between two snapshots of a key that grows, the other a long command at work. */
const notYetKnown = ['partitiond_table_forecast_exhaustion_timestamp_seconds', 'partitiond_table_step_progress_ratio'];

/** test/e2e/migrate-daemon.test.ts has one. */
const ofMigrations = 'partitiond_migration_';

describe('the exposition of a daemon', () => {
  it('is well formed and is exactly what deploy/metrics.json lists, with those labels and help texts', async () => {
    await using database = await createDatabase();
    await createTables(database);
    await database.query('CREATE EXTENSION pg_stat_statements; SELECT count(*) FROM public.numbers WHERE id > 4');
    const probes = '[{ name: low, sql: "SELECT id FROM public.numbers WHERE id < 5", analyze: true, expect: { partitions: 1 } }]';
    const probed = tables.map((table) => table.replace(/public\.numbers, .*(?= })/, `$&, probes: ${probes}`));
    using file = policyFile(database, probed, anyPorts);
    await using daemon = await startDaemon(file.path);
    for (const task of ['probe', 'collect']) await daemon.waitForSample(`task_runs_total{database="app",task="${task}",outcome="ok"}`, 1);
    const response = await fetch(`${daemon.http}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const exposed = parseExposition(await response.text());

    const listed: readonly ListedMetric[] = JSON.parse(await readFile(join(import.meta.dirname, '../../deploy/metrics.json'), 'utf8'));
    const own = exposed.filter(({ name }) => !/^(process|nodejs)_/.test(name));
    expect(own.map(({ name }) => name).toSorted()).toEqual(
      listed.flatMap(({ name }) => (notYetKnown.includes(name) || name.startsWith(ofMigrations) ? [] : [name])).toSorted(),
    );
    for (const { name, type, labels, help } of listed) {
      const family = own.find((one) => one.name === name);
      if (family === undefined) continue;
      expect({ name, type: family.type, help: family.help }).toEqual({ name, type, help });
      for (const seen of labelSets(family)) expect(seen, name).toBe(labels.toSorted().join(','));
    }
    expect(listed.flatMap(findNamingFaults)).toEqual([]);
    const series = exposed.reduce((sum, { samples }) => sum + samples.length, 0);
    expect(own.find(({ name }) => name === 'partitiond_metrics_series')?.samples[0]?.value).toBe(series);
  });

  it('tells what PostgreSQL says of the same tables', async () => {
    await using database = await createDatabase();
    await createTables(database);
    await vacuumAll(database);
    using file = policyFile(database, tables, anyPorts);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('task_runs_total{database="app",task="collect",outcome="ok"}', 1);
    const exposed = parseExposition(await (await fetch(`${daemon.http}/metrics`)).text());
    const of = (name: string, labels: Readonly<Record<string, string>>): number => {
      const samples = exposed.find((family) => family.name === `partitiond_${name}`)?.samples ?? [];
      const found = samples.filter((sample) => Object.entries(labels).every(([label, text]) => sample.labels.get(label) === text));
      if (found.length === 0) throw new Error(`no series ${name} ${JSON.stringify(labels)}`);
      return found.reduce((sum, sample) => sum + sample.value, 0);
    };
    const odd = { table: 'odd "name" \\ here' };
    const [truth] = await database.query<Readonly<Record<string, string>>>(`
      SELECT sum(pg_total_relation_size(c.oid)) AS bytes, sum(greatest(c.reltuples, 0)) AS rows, max(age(c.relfrozenxid)) AS oldest,
             pg_total_relation_size('public.odd_default') AS standard,
             floor(min(extract(epoch FROM pg_stat_get_last_vacuum_time(c.oid)))) AS vacuumed,
             floor(max(extract(epoch FROM pg_stat_get_last_vacuum_time(c.oid)))) AS latest,
             floor(min(extract(epoch FROM pg_stat_get_last_analyze_time(c.oid)))) AS analyzed,
             floor(min(extract(epoch FROM pg_stat_get_last_analyze_time(inhparent)))) AS parent
        FROM ${parts}`);
    expect(of('table_size_bytes', odd)).toBe(Number(truth?.['bytes']));
    expect(of('partition_size_bytes', odd)).toBe(Number(truth?.['bytes']));
    expect(of('table_rows', odd)).toBe(Number(truth?.['rows']));
    expect(of('partition_rows', odd)).toBe(Number(truth?.['rows']));
    expect(of('table_oldest_xid_age_transactions', odd)).toBeLessThanOrEqual(Number(truth?.['oldest']));
    expect(of('table_oldest_xid_age_transactions', odd)).toBeGreaterThan(0);
    expect(of('table_oldest_vacuum_timestamp_seconds', odd)).toBe(Number(truth?.['vacuumed']));
    expect(Number(truth?.['latest'])).toBeGreaterThan(Number(truth?.['vacuumed']));
    expect(of('table_oldest_analyze_timestamp_seconds', odd)).toBe(Number(truth?.['analyzed']));
    expect(of('table_parent_analyze_timestamp_seconds', odd)).toBe(Number(truth?.['parent']));
    expect(of('table_default_partition_rows', odd)).toBe(1);
    expect(of('table_default_partition_bytes', odd)).toBe(Number(truth?.['standard']));
    expect(of('table_future_partitions', odd)).toBe(2);
    expect(of('table_growth_bytes_per_second', odd)).toBeGreaterThan(0);
    expect(of('table_headroom_intervals', { table: 'numbers' })).toBe(2);
    expect(of('statement_errors_total', {})).toBe(0);
    expect(of('pool_connections', { state: 'idle' }) + of('pool_connections', { state: 'active' })).toBeGreaterThanOrEqual(1);
  });
});

/** Sorted label names of all samples, without `le`; one for each set that occurs. */
function labelSets({ samples }: ExposedFamily): ReadonlySet<string> {
  const names = samples.map(({ labels }) => [...labels.keys()].filter((label) => label !== 'le'));
  return new Set(names.map((labels) => labels.toSorted().join(',')));
}
