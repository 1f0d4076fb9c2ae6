/**
 * 50 databases on one server under one daemon: a provision run of all at once, against the same runs by the bare use case (connect,
 * reconcile, close; no scheduler, no leadership, no metrics) in one process with the same concurrency, and against the sum of those runs one
 * after another. Then what a second daemon costs that leads none of them: memory, and connections sampled in pg_stat_activity.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { DatabasePolicy } from '../src/partition/policy.ts';
import { reconcileDatabase } from '../src/reconcile/reconcile-database.ts';
import { DaemonProcess } from './daemon-process.ts';
import { databaseEntry, farSchedules, makePartitions, tableDefaults } from './many-partitions.ts';
import { type PeerServer, startPeerServer } from './peer-server.ts';
import { applyAll, context, dailyPolicy, databasePolicy, openSession } from './policies.ts';
import { median, printAtMost, printFigure, timed } from './report.ts';

const perDatabase = { tables: 10, perTable: 50 };
const rounds = 5;
const goalRatio = 1.5;
/** 80 MB. */
const goalFollowerMib = 76;
const goalConnectionMs = 2_000;
const sampleEveryMs = 100;

export async function run(argv: readonly string[]): Promise<void> {
  const options = { databases: { type: 'string', default: '50' }, seconds: { type: 'string', default: '60' } } as const;
  const { values } = parseArgs({ args: [...argv], options });
  const server = await startPeerServer({ max_connections: '400' });
  try {
    const names = await makeDatabases(server, Number(values.databases));
    const leader = await DaemonProcess.start(documentOf(server, names, 'postgres'), false);
    try {
      await isDone(leader, 'collect', names.length);
      await measurePasses(server, names, leader);
      await measureFollower(server, names.slice(0, 1), Number(values.seconds));
      await measureFollower(server, names, Number(values.seconds));
    } finally {
      await leader.stop();
    }
  } finally {
    await server.stop();
  }
}

/** All are copies of one, which takes seconds where making their partitions takes minutes. */
async function makeDatabases(server: PeerServer, count: number): Promise<readonly string[]> {
  const admin = await server.client('postgres');
  await admin.query('CREATE ROLE follower LOGIN SUPERUSER');
  await admin.query('CREATE DATABASE fleet_template');
  await makePartitions(server, 'fleet_template', perDatabase);
  const names = Array.from({ length: count }, (_, i) => `fleet_${i}`);
  for (const name of names) await admin.query(`CREATE DATABASE ${name} TEMPLATE fleet_template`);
  await admin.end();
  return names;
}

function documentOf(server: PeerServer, names: readonly string[], user: string): string {
  const url = (name: string): string => server.url(name).replace('user=postgres', `user=${user}`);
  const entries = names.map((name) => databaseEntry(name, url(name), perDatabase.tables));
  return `${farSchedules()}${tableDefaults()}databases:\n${entries.join('')}`;
}

async function measurePasses(server: PeerServer, names: readonly string[], leader: DaemonProcess): Promise<void> {
  const policies = names.map((name) =>
    databasePolicy(
      server.url(name),
      Array.from({ length: perDatabase.tables }, (_, i) => dailyPolicy(`t${i}`)),
    ),
  );
  const daemon: number[] = [];
  const together: number[] = [];
  const alone: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const inDaemon = await leader.runToEnd('provision', names.length);
    const atOnce = await timed(() => Promise.all(policies.map(pass)));
    const each: number[] = [];
    for (const policy of policies) each.push(await timed(() => pass(policy)));
    // The first round warms both sides.
    if (round === 0) continue;
    daemon.push(inDaemon);
    together.push(atOnce);
    alone.push(each.reduce((sum, ms) => sum + ms, 0));
  }
  const label = `${names.length} databases x ${perDatabase.tables * perDatabase.perTable} partitions`;
  printFigure(`${label}: one pass of all in the daemon`, `${median(daemon).toFixed(0)} ms`);
  printFigure(`${label}: bare passes, as many at once`, `${median(together).toFixed(0)} ms`);
  printFigure(`${label}: sum of bare passes alone`, `${median(alone).toFixed(0)} ms`);
  for (const [what, reference] of [
    ['bare passes with the same concurrency', together],
    ['sum of bare passes alone', alone],
  ] as const) {
    const ratio = median(daemon) / median(reference);
    printFigure(`daemon / ${what}`, ratio.toFixed(2), `goal <= ${goalRatio}`, ratio <= goalRatio);
  }
}

/** What the daemon does for a provision run, without the daemon. */
async function pass(policy: DatabasePolicy): Promise<void> {
  if (policy.connection.kind !== 'url') throw new TypeError('The bench connects by URL.');
  const session = await openSession(policy.connection.url);
  try {
    await reconcileDatabase(session, policy, { ...applyAll, tasks: ['provision'] }, context, new AbortController().signal);
  } finally {
    await session.close();
  }
}

async function measureFollower(server: PeerServer, names: readonly string[], seconds: number): Promise<void> {
  const follower = await DaemonProcess.start(documentOf(server, names, 'follower'), false);
  const admin = await server.client('postgres');
  try {
    await eachOf(follower, names.length, ({ fields }) => fields['msg'] === 'following');
    let [samples, busy, most, oldestMs] = [0, 0, 0, 0];
    for (const end = performance.now() + seconds * 1000; performance.now() < end; samples++) {
      const { rows } = await admin.query<{ connections: number; oldest: number }>(
        `SELECT count(*)::int AS connections, COALESCE(max(extract(epoch FROM clock_timestamp() - backend_start)) * 1000, 0)::float8 AS oldest
         FROM pg_stat_activity WHERE usename = 'follower'`,
      );
      const [{ connections, oldest } = { connections: 0, oldest: 0 }] = rows;
      busy += connections > 0 ? 1 : 0;
      most = Math.max(most, connections);
      oldestMs = Math.max(oldestMs, oldest);
      await delay(sampleEveryMs);
    }
    const label = `idle follower of ${names.length}`;
    const goal = names.length === 1 ? goalFollowerMib : null;
    printAtMost(`${label}: resident memory after ${seconds} s`, follower.mib('VmRSS'), 'MiB', goal);
    printAtMost(`${label}: oldest connection seen`, oldestMs, 'ms', goalConnectionMs);
    printFigure(`${label}: samples with any connection; most at once`, `${busy} of ${samples}; ${most}`);
  } finally {
    await admin.end();
    await follower.stop();
  }
}

async function isDone(daemon: DaemonProcess, task: string, databases: number): Promise<void> {
  await eachOf(daemon, databases, ({ fields }) => fields['msg'] === 'task finished' && fields['task'] === task);
}

/** Waits for such a line of each database. */
async function eachOf(daemon: DaemonProcess, databases: number, isWanted: Parameters<DaemonProcess['until']>[0]): Promise<void> {
  const seen = new Set<unknown>();
  await daemon.until((line) => {
    if (isWanted(line)) seen.add(line.fields['database']);
    return seen.size === databases;
  });
}
