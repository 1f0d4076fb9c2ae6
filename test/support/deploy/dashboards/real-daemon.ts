import { resolve } from 'node:path';
import type { Daemon } from '../../daemon.ts';
import type { TestDatabase } from '../../database.ts';
import { waitFor } from '../../wait-for.ts';
import { openStore, type Store } from './prometheus-store.ts';

/** Scrapes a daemon that has run all its tasks and then runs one more, so that there is something to count. */
export async function scrapeDaemon(prometheus: string, folder: string, daemon: Daemon): Promise<Store> {
  // Whoever scrapes later than the first snapshot sees all families.
  for (const task of ['provision', 'retention', 'maintenance', 'index', 'probe', 'collect']) {
    await daemon.waitForSample(`task_runs_total{database="app",task="${task}",outcome="ok"}`, (runs) => runs >= 1);
  }
  const rules = resolve('deploy/prometheus/partitiond.rules.yaml');
  const store = await openStore({ binary: prometheus, folder, scrape: { address: new URL(daemon.http).host, rules } });
  try {
    await waitForScrapes(store, 0);
    for (const task of ['collect', 'probe']) {
      const runs = (await daemon.scrape()).get(`task_runs_total{database="app",task="${task}",outcome="ok"}`) ?? 0;
      const response = await fetch(`${daemon.admin}/-/run?task=${task}`, { method: 'POST' });
      if (!response.ok) throw new Error(`${task} was not started: ${response.status} ${await response.text()}`);
      await daemon.waitForSample(`task_runs_total{database="app",task="${task}",outcome="ok"}`, (seen) => seen > runs);
    }
    await waitForScrapes(store, Date.now() / 1000);
    return store;
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}

/** Until three scrapes were good since then, and the rules were evaluated on them. */
async function waitForScrapes(store: Store, since: number): Promise<void> {
  const read = async (): Promise<number> => {
    const now = Date.now() / 1000;
    const window = Math.max(1, Math.min(60, Math.floor(now - since)));
    const time = { from: now, to: now };
    const recorded = await store.instant('{__name__=~".+:partitiond_.+"}', time);
    const { series } = await store.instant(`count_over_time(up{job="partitiond"}[${window}s]) and up == 1`, time);
    return recorded.series.length === 0 ? 0 : (series[0]?.values[0] ?? 0);
  };
  await waitFor('three scrapes', read, (seen) => seen >= 3, { timeoutMs: 60_000, pollMs: 200 });
}

const probes = '[{ name: low, sql: "SELECT id FROM public.numbers WHERE id < 5", analyze: true, expect: { partitions: 1 } }]';
/** What the policy says of them. */
export const scrapedTables: readonly string[] = [
  '{ table: public.visits, interval: 1 day, premake: 2, defaultPartition: keep, retention: { keep: 30 days, action: detach } }',
  `{ table: public.numbers, interval: 100, premake: 2, probes: ${probes} }`,
];

/** A time key with closed, filled partitions and a default partition with a row in it, and an integer key. */
export async function createScrapedTables(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE EXTENSION pg_stat_statements;
    CREATE TABLE public.visits (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at)`);
  const day = 86_400_000;
  const midnight = (offset: number): string => new Date(Math.floor(Date.now() / day) * day + offset * day).toISOString();
  for (let i = -5; i <= 0; i += 1) {
    const bounds = `FROM ('${midnight(i)}') TO ('${midnight(i + 1)}')`;
    await database.query(`CREATE TABLE public.visits_${i + 5} PARTITION OF public.visits FOR VALUES ${bounds}`);
  }
  await database.query(`
    CREATE TABLE public.visits_default PARTITION OF public.visits DEFAULT;
    INSERT INTO public.visits SELECT i, now() - interval '5 days' + i * interval '10 min' FROM generate_series(1, 700) AS i;
    INSERT INTO public.visits_default VALUES (1, '1999-01-01Z');
    CREATE TABLE public.numbers (id int8 NOT NULL) PARTITION BY RANGE (id);
    CREATE TABLE public.numbers_0 PARTITION OF public.numbers FOR VALUES FROM (0) TO (100);
    INSERT INTO public.numbers SELECT generate_series(1, 50);
    ANALYZE;
    SELECT count(*) FROM public.numbers WHERE id > 4;`);
}
