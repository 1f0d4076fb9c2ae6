import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { anyPorts, startDaemon } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { policyFile } from '../support/policy-file.ts';

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
        EXECUTE format('CREATE TABLE public.t${table}_%s PARTITION OF public.t${table} FOR VALUES FROM (%L) TO (%L)',
          to_char(current_date + i, 'YYYYMMDD'), (current_date + i)::timestamptz, (current_date + i + 1)::timestamptz);
      END LOOP; END $$`);
    }
  };
  await Promise.all(clients.map(work));
}

describe('10,000 real partitions', () => {
  it('cost at most 10,000 series, without any that were left out, and little memory', async () => {
    await using database = await createDatabase();
    await createPartitions(database);
    const rarely = 'schedules: { provision: "0 0 1 1 *", retention: "0 0 1 1 *", maintenance: off, index: off, collect: "0 0 1 1 *" }';
    const entries = Array.from({ length: tables }, (_, i) => `{ table: public.t${i}, interval: 1 day, premake: ${ahead} }`);
    using file = policyFile(database, entries, `${anyPorts}\n${rarely}`);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('task_runs_total{database="app",task="collect",outcome="ok"}', 1, { timeoutMs: 120_000 });
    const samples = await daemon.scrape();
    const total = (family: string): number =>
      [...samples].reduce((sum, [series, value]) => (series.startsWith(`${family}{`) ? sum + value : sum), 0);
    expect(total('partitions_exported') + total('partitions_omitted')).toBe(tables * perTable);
    expect(total('partitions_exported')).toBeGreaterThanOrEqual(tables * 20);
    expect(samples.get('metrics_series')).toBeLessThanOrEqual(10_000);
    expect(samples.get('metrics_dropped_series_total')).toBe(0);
    expect(samples.get('process_resident_memory_bytes')).toBeLessThan(256 * 2 ** 20);
    const status = await readFile(`/proc/${daemon.program.pid}/status`, 'utf8');
    expect(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(256 * 2 ** 10);
  }, 300_000);
});
