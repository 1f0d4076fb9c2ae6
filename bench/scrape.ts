/**
 * What a scrape and the daemon behind it cost with 10,000 and with 100,000 real partitions: time, series and bytes of /metrics, the resident
 * memory of the process and the delay of its event loop, at rest and while a provision run and a collection go on beside the scrapes.
 * `-- --partitions 10000` measures one size only.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DaemonProcess, shippedHeap } from './daemon-process.ts';
import { databaseEntry, farSchedules, type ManyPartitions, makePartitions, tableDefaults } from './many-partitions.ts';
import { startPeerServer } from './peer-server.ts';
import { median, percentile, printAtMost, printFigure, timed } from './report.ts';
import { type Scrape, scrapeMetrics } from './scrape-metrics.ts';

/** Null: none is set. */
interface Goals {
  readonly series: number;
  readonly scrapeMs: number | null;
  readonly rssMib: number | null;
  readonly loopP99Ms: number | null;
}

interface Case extends ManyPartitions {
  readonly goals: Goals;
}

const cases: Readonly<Record<string, Case>> = {
  10000: { tables: 50, perTable: 200, goals: { series: 10_000, scrapeMs: 250, rssMib: null, loopP99Ms: null } },
  100000: { tables: 200, perTable: 500, goals: { series: 50_000, scrapeMs: null, rssMib: 256, loopP99Ms: 100 } },
};

const scrapesAtRest = 100;
const busyRounds = 5;
const betweenScrapesMs = 200;
const settleMs = 5_000;

export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...argv], options: { partitions: { type: 'string', multiple: true } } });
  for (const count of values.partitions ?? Object.keys(cases)) {
    const chosen = cases[count];
    if (chosen === undefined) throw new Error(`--partitions is one of ${Object.keys(cases).join(', ')}, not ${count}.`);
    await measure(Number(count), chosen);
  }
}

async function measure(count: number, chosen: Case): Promise<void> {
  const server = await startPeerServer({ autovacuum: 'off' });
  try {
    const madeMs = await timed(() => makePartitions(server, 'postgres', chosen));
    printFigure(`${count} partitions in ${chosen.tables} tables, made in`, `${(madeMs / 1000).toFixed(0)} s`, `node ${shippedHeap}`);
    const databases = `databases:\n${databaseEntry('bench', server.url('postgres'), chosen.tables)}`;
    const daemon = await DaemonProcess.start(farSchedules() + tableDefaults() + databases);
    try {
      await measureDaemon(daemon, count, chosen);
    } finally {
      await daemon.stop();
    }
  } finally {
    await server.stop();
  }
}

async function measureDaemon(daemon: DaemonProcess, count: number, { goals }: Case): Promise<void> {
  const print = (label: string, value: number, unit: string, limit: number | null = null): void =>
    printAtMost(`${count} partitions: ${label}`, value, unit, limit);
  await daemon.until(({ fields }) => fields['msg'] === 'task finished' && fields['task'] === 'collect');
  print('peak resident memory of the first run of each task', daemon.mib('VmHWM'), 'MiB', goals.rssMib);
  await measureAtRest(daemon, print, goals);
  await measureBusy(daemon, print, goals);
  print('peak resident memory', daemon.mib('VmHWM'), 'MiB', goals.rssMib);
  await delay(settleMs);
  print('resident memory at rest', daemon.mib('VmRSS'), 'MiB', goals.rssMib);
  const { memory } = await daemon.probe('collect');
  print('heap in use at rest', memory.heapUsed / 2 ** 20, 'MiB');
}

type Print = (label: string, value: number, unit: string, limit?: number | null) => void;

async function measureAtRest(daemon: DaemonProcess, print: Print, goals: Goals): Promise<void> {
  await daemon.probe('reset');
  const scrapes: Scrape[] = [];
  for (let i = 0; i < scrapesAtRest; i++) {
    scrapes.push(await scrapeMetrics(daemon));
    await delay(betweenScrapesMs);
  }
  const { loopP99Ms } = await daemon.probe('read');
  const times = scrapes.map(({ ms }) => ms);
  print('/metrics, request to last byte: fastest', Math.min(...times), 'ms');
  print('/metrics: median', median(times), 'ms', goals.scrapeMs);
  print('/metrics: p99', percentile(times, 99), 'ms', goals.scrapeMs);
  print('/metrics: first byte, median', median(scrapes.map(({ firstByteMs }) => firstByteMs)), 'ms');
  print('series', Math.max(...scrapes.map(({ series }) => series)), 'series', goals.series);
  print('bytes', Math.max(...scrapes.map(({ bytes }) => bytes)), 'B');
  print(`event loop p99, a scrape each ${betweenScrapesMs} ms`, loopP99Ms, 'ms', goals.loopP99Ms);
}

async function measureBusy(daemon: DaemonProcess, print: Print, goals: Goals): Promise<void> {
  const times: number[] = [];
  const enough = new AbortController();
  const scraping = async (): Promise<void> => {
    while (!enough.signal.aborted) {
      times.push((await scrapeMetrics(daemon)).ms);
      await delay(betweenScrapesMs);
    }
  };
  const runs: number[] = [];
  const working = async (): Promise<void> => {
    for (let round = 0; round < busyRounds; round++) {
      runs.push(await timed(() => Promise.all(['provision', 'collect'].map((task) => daemon.runToEnd(task, 1)))));
    }
    enough.abort();
  };
  await daemon.probe('reset');
  await Promise.all([scraping(), working()]);
  const { loopP99Ms, loopMaxMs } = await daemon.probe('read');
  print('a provision run beside a collection', median(runs), 'ms');
  print('/metrics beside them: slowest', Math.max(...times), 'ms');
  print('event loop p99 beside them', loopP99Ms, 'ms', goals.loopP99Ms);
  print('event loop beside them: longest stretch', loopMaxMs, 'ms');
}
