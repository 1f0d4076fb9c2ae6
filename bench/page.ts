/**
 * The status page of the built daemon with 10,000 real partitions, in fifty tables and in one: time and compressed size of `/` the first
 * time, after a while, and once the reading that this has begun is done, and what a headless Chromium needs until it shows something.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';
import { DaemonProcess } from './daemon-process.ts';
import { databaseEntry, farSchedules, type ManyPartitions, makePartitions, tableDefaults } from './many-partitions.ts';
import { type PeerServer, startPeerServer } from './peer-server.ts';
import { median, printAtMost, timed } from './report.ts';

const cases: readonly ManyPartitions[] = [
  { tables: 50, perTable: 200 },
  { tables: 1, perTable: 10_000 },
];

const rounds = 15;
/** Longer than an answer is as good as new. */
const untilStaleMs = 2_200;
/** A page that was shown an old reading comes back after 1.5 s. */
const untilReadMs = 1_500;

export async function run(argv: readonly string[]): Promise<void> {
  const executablePath = argv[0] ?? '/usr/bin/chromium';
  const server = await startPeerServer({ autovacuum: 'off' });
  try {
    for (const [index, size] of cases.entries()) await measure(server, `bench${index}`, size, executablePath);
  } finally {
    await server.stop();
  }
}

async function measure(server: PeerServer, database: string, size: ManyPartitions, executablePath: string): Promise<void> {
  const admin = await server.client('postgres');
  await admin.query(`CREATE DATABASE ${database}`);
  await admin.end();
  await makePartitions(server, database, size);
  const daemon = await DaemonProcess.start(
    farSchedules() + tableDefaults() + `databases:\n${databaseEntry('bench', server.url(database), size.tables)}`,
    false,
  );
  try {
    await daemon.until(({ fields }) => fields['msg'] === 'task finished' && fields['task'] === 'collect');
    const label = `${size.tables} x ${size.perTable} partitions`;
    await measureAnswers(daemon, label);
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
    try {
      await measurePaint(browser, daemon, label);
    } finally {
      await browser.close();
    }
  } finally {
    await daemon.stop();
  }
}

async function measureAnswers(daemon: DaemonProcess, label: string): Promise<void> {
  const answer = async (path = '/'): Promise<number> => (await (await fetch(daemon.url('http') + path)).arrayBuffer()).byteLength;
  let bytes = 0;
  const firstMs = await timed(async () => {
    bytes = await answer();
  });
  const zipped = await promisify(gzip)(Buffer.from(await (await fetch(`${daemon.url('http')}/`)).arrayBuffer()));
  const fresh: number[] = [];
  const later: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await delay(untilStaleMs);
    fresh.push(await timed(() => answer()));
    await delay(untilReadMs);
    later.push(await timed(() => answer()));
  }
  printAtMost(`${label}: /, the first time`, firstMs, 'ms', 300);
  printAtMost(`${label}: /, asked again after ${untilStaleMs / 1_000} s, median`, median(fresh), 'ms', 300);
  printAtMost(`${label}: / when that reading is done, median`, median(later), 'ms', 300);
  printAtMost(`${label}: /, uncompressed`, bytes / 1024, 'kB');
  printAtMost(`${label}: /, gzip`, zipped.length / 1024, 'kB', 1024);
}

/** Needs the types of no browser: what is evaluated there is text. */
const firstPaint = 'performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null';

async function measurePaint(browser: Browser, daemon: DaemonProcess, label: string): Promise<void> {
  const paints: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await delay(untilStaleMs);
    const page = await browser.newPage({ viewport: { width: 1360, height: 900 } });
    await page.goto(daemon.url('http'));
    let paint: unknown = null;
    while (typeof paint !== 'number') paint = await page.evaluate(firstPaint);
    paints.push(paint);
    await page.close();
  }
  printAtMost(`${label}: first contentful paint, median`, median(paints), 'ms', 1_000);
  printAtMost(`${label}: first contentful paint, slowest`, Math.max(...paints), 'ms', 1_000);
}
