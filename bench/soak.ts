/**
 * Does memory stay flat? A daemon whose three tasks fire each second, on tables of which some gain and lose a partition now and then, is
 * scraped each second and asked once in a while for its memory after a garbage collection. `-- --minutes 60` for the hour; 5 by default.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type pg from 'pg';
import { DaemonProcess, type ProcessReading } from './daemon-process.ts';
import { databaseEntry, makePartitions, tableDefaults } from './many-partitions.ts';
import { startPeerServer } from './peer-server.ts';
import { printAtMost, printFigure } from './report.ts';
import { scrapeMetrics } from './scrape-metrics.ts';

const shape = { tables: 20, perTable: 50 };
/** Two databases: one that is led all the time, one whose leader is thrown out now and then. */
const databases = ['steady', 'shaken'] as const;
const samples = 20;
/** Of the samples; caches fill and code is compiled at first. */
const warmUp = 0.25;
const goalMibPerHour = 5;
const goalNewHandles = 2;

interface Sample {
  readonly hours: number;
  readonly heapMib: number;
  readonly rssMib: number;
  readonly handles: number;
}

export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...argv], options: { minutes: { type: 'string', default: '5' } } });
  const everyMs = (Number(values.minutes) * 60_000) / samples;
  const server = await startPeerServer({ autovacuum: 'off' });
  const stop = new AbortController();
  try {
    const admin = await server.client('postgres');
    for (const name of databases) {
      await admin.query(`CREATE DATABASE ${name}`);
      await makePartitions(server, name, shape);
    }
    const entries = databases.map((name) => databaseEntry(name, server.url(name), shape.tables)).join('');
    const schedules =
      'schedules: { provision: "* * * * * *", retention: "* * * * * *", maintenance: "* * * * * *", index: "* * * * * *", collect: "* * * * * *" }\n';
    const daemon = await DaemonProcess.start(`${schedules}${tableDefaults('{}')}databases:\n${entries}`);
    const client = await server.client('steady');
    try {
      await Promise.all([shake(client, daemon, stop.signal), verdict(daemon, everyMs).finally(() => stop.abort())]);
    } finally {
      await daemon.stop();
      await Promise.all([client.end(), admin.end()]);
    }
  } finally {
    await server.stop();
  }
}

/** Something to do: a missing partition each two seconds, a lost leader each twenty, and a scrape each second. */
async function shake(client: pg.Client, daemon: DaemonProcess, signal: AbortSignal): Promise<void> {
  for (let second = 0; !signal.aborted; second++) {
    await scrapeMetrics(daemon);
    if (second % 2 === 0) await client.query(dropNewestSql(second % shape.tables));
    if (second % 20 === 19) {
      await client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shaken' AND application_name ^@ 'partitiond'",
      );
    }
    await delay(1000, undefined, { signal }).catch(() => undefined);
  }
}

function dropNewestSql(table: number): string {
  return `DO $$ BEGIN EXECUTE (
    SELECT format('DROP TABLE %s', inhrelid::regclass) FROM pg_inherits WHERE inhparent = 't${table}'::regclass ORDER BY inhrelid::regclass::text DESC LIMIT 1
  ); END $$`;
}

async function verdict(daemon: DaemonProcess, everyMs: number): Promise<void> {
  const taken: Sample[] = [];
  const start = performance.now();
  for (let i = 0; i < samples; i++) {
    await delay(everyMs);
    const sample = sampleOf(await daemon.probe('collect'), daemon, (performance.now() - start) / 3_600_000);
    taken.push(sample);
    const minutes = (sample.hours * 60).toFixed(1);
    printFigure(
      `after ${minutes} min: heap after collection, resident, handles`,
      `${sample.heapMib.toFixed(1)} MiB  ${sample.rssMib.toFixed(0)} MiB  ${sample.handles}`,
    );
  }
  const settled = taken.slice(Math.floor(samples * warmUp));
  // Runs in work hold connections and timers, so the fewest tell what stays.
  const fewest = (some: readonly Sample[]): number => Math.min(...some.map((sample) => sample.handles));
  const middle = Math.floor(settled.length / 2);
  printFigure('runs in all', String(daemon.lines().filter(({ fields }) => fields['msg'] === 'task finished').length));
  printAtMost('heap after collection, slope per hour', slope(settled.map(({ hours, heapMib }) => [hours, heapMib])), 'MiB', goalMibPerHour);
  printAtMost('resident memory, slope per hour', slope(settled.map(({ hours, rssMib }) => [hours, rssMib])), 'MiB');
  const newHandles = fewest(settled.slice(middle)) - fewest(settled.slice(0, middle));
  printAtMost('handles that stay: second half less first', newHandles, 'handles', goalNewHandles);
}

function sampleOf({ memory, resources }: ProcessReading, daemon: DaemonProcess, hours: number): Sample {
  return { hours, heapMib: memory.heapUsed / 2 ** 20, rssMib: daemon.mib('VmRSS'), handles: resources.length };
}

/** Least squares. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x0, y0] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const covariance = mean(points.map(([x, y]) => (x - x0) * (y - y0)));
  return covariance / mean(points.map(([x]) => (x - x0) ** 2));
}
