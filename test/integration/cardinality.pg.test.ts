import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { anyPorts, type Daemon, startDaemon } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { policyFile } from '../support/policy-file.ts';
import type { SyntheticCost } from '../support/synthetic-exposition.ts';

const tables = 50;
const perTable = 200;
const ahead = 4;

/** Daily partitions up to what `premake: 4` asks for; the cost of one more grows with those that its parent has, so many tables are made at once. */
async function createPartitions(database: TestDatabase): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 4 }, () => database.client()));
  let next = 0;
  const work = async (client: (typeof clients)[number]): Promise<void> => {
    await client.query("SET TimeZone = 'UTC'");
    for (let table = next++; table < tables; table = next++) {
      await client.query(`CREATE TABLE public.t${table} (id int8 NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (at)`);
      await client.query(`DO $$ BEGIN FOR i IN ${ahead - perTable + 1}..${ahead} LOOP
        EXECUTE format('CREATE TABLE public.t${table}_%s PARTITION OF public.t${table} FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 10)',
          to_char(current_date + i, 'YYYYMMDD'), (current_date + i)::timestamptz, (current_date + i + 1)::timestamptz);
      END LOOP; END $$`);
    }
  };
  await Promise.all(clients.map(work));
}

const collections = 'task_runs_total{database="app",task="collect",outcome="ok"}';

/** One collection more. */
async function collect(daemon: Daemon): Promise<void> {
  const before = (await daemon.scrape()).get(collections) ?? 0;
  expect((await fetch(`${daemon.admin}/-/run?task=collect`, { method: 'POST' })).status).toBe(202);
  await daemon.waitForSample(collections, before + 1, { timeoutMs: 120_000 });
}

/** So many of the closed partitions of each table have rows, the further back the fewer; a page takes about twenty (`fillfactor`). */
const filled = 22;

/** Writes `rows` (SQL, by `day`: how many days ago) into every table, and tells the planner of the partitions that got some. */
async function write(database: TestDatabase, firstDay: number, rows: string): Promise<void> {
  await database.query(`SET TimeZone = 'UTC'; DO $$ BEGIN FOR t IN 0..${tables - 1} LOOP
    EXECUTE format('INSERT INTO public.t%s SELECT i, (current_date - day)::timestamptz
      FROM generate_series(${firstDay}, ${filled}) AS day, generate_series(1, ${rows}) AS i', t);
    FOR day IN ${firstDay}..${filled} LOOP EXECUTE format('ANALYZE public.t%s_%s', t, to_char(current_date - day, 'YYYYMMDD')); END LOOP;
  END LOOP; END $$`);
}

describe('10,000 real partitions', () => {
  it('cost at most 10,000 series, without any that were left out, little memory and little time, and begin few new ones', async () => {
    await using database = await createDatabase();
    await createPartitions(database);
    await write(database, 1, `(${filled + 1} - day) * 20`);
    const rarely = 'schedules: { provision: "0 0 1 1 *", retention: "0 0 1 1 *", maintenance: off, index: off, collect: "0 0 1 1 *" }';
    const entries = Array.from({ length: tables }, (_, i) => `{ table: public.t${i}, interval: 1 day, premake: ${ahead} }`);
    using file = policyFile(database, entries, `${anyPorts}\n${rarely}`);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample(collections, 1, { timeoutMs: 120_000 });
    const samples = await daemon.scrape();
    const total = (family: string): number =>
      [...samples].reduce((sum, [series, value]) => (series.startsWith(`${family}{`) ? sum + value : sum), 0);
    expect(total('partitions_exported') + total('partitions_omitted')).toBe(tables * perTable);
    expect(total('partitions_exported')).toBeGreaterThanOrEqual(tables * 20);
    expect(samples.get('metrics_series')).toBeLessThanOrEqual(10_000);
    expect(samples.get('metrics_dropped_series_total')).toBe(0);
    expect(samples.get('process_resident_memory_bytes')).toBeLessThan(256 * 2 ** 20);

    // The best of several: the machine may have other work.
    const times: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      const startedAt = performance.now();
      await (await fetch(`${daemon.http}/metrics`)).text();
      times.push(performance.now() - startedAt);
    }
    expect(Math.min(...times)).toBeLessThan(250);

    const rounds = 3;
    let known = new Set(samples.keys());
    let begun = 0;
    for (let round = 0; round < rounds; round += 1) {
      // Many where today is, and a few that are late.
      await write(database, 0, 'CASE WHEN day = 0 THEN 30 ELSE 2 END');
      await collect(daemon);
      const now = [...(await daemon.scrape()).keys()];
      begun += now.filter((series) => !known.has(series)).length;
      known = new Set(now);
    }
    expect(begun / known.size).toBeLessThan(0.02);

    const status = await readFile(`/proc/${daemon.program.pid}/status`, 'utf8');
    expect(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(256 * 2 ** 10);
  }, 300_000);
});

describe('100,000 synthetic partitions', () => {
  it('cost at most 50,000 series, less memory than a pod has, and no long stretch of the event loop for a scrape', async () => {
    // With the heap that the pods are given (NODE_OPTIONS of the chart).
    const script = join(import.meta.dirname, '../support/synthetic-exposition.ts');
    const { stdout } = await promisify(execFile)(process.execPath, ['--max-old-space-size=160', '--import', 'tsx', script]);
    const cost: SyntheticCost = JSON.parse(stdout);
    expect(cost.partitions).toBe(100_000);
    expect(cost.series).toBeGreaterThan(2_000 * 4);
    expect(cost.series).toBeLessThanOrEqual(50_000);
    expect(cost.droppedSeries).toBeGreaterThan(0);
    expect(cost.peakRssMib).toBeLessThan(256);
    expect(cost.loopP99Ms).toBeLessThan(100);
  }, 180_000);
});
