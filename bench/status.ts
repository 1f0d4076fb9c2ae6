/**
 * What the status page shows, read of one table with 10,000 daily partitions and maintenance on: how long it takes, which queries take it,
 * and what the answer weighs.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { installJournal } from '../src/journal/install.ts';
import { parseSpan } from '../src/partition/interval.ts';
import type { MaintenancePolicy } from '../src/partition/policy.ts';
import { readDatabaseStatus } from '../src/reconcile/read-status.ts';
import type { DatabaseStatus } from '../src/reconcile/status.ts';
import { makePartitions } from './many-partitions.ts';
import { startPeerServer } from './peer-server.ts';
import { context, dailyPolicy, databasePolicy, openSession } from './policies.ts';
import { median, printAtMost, timed } from './report.ts';
import { watchSession } from './watch-session.ts';

const rounds = 15;
const queriesShown = 5;

const maintenance: MaintenancePolicy = {
  vacuumDeadRatio: 0.1,
  vacuumDeadRows: 1_000_000,
  analyzeChangedRatio: 0.1,
  analyzeChangedRows: 1_000_000,
  freezeAgeRatio: 0.75,
  freezeClosed: true,
  closedForMs: 3_600_000,
  reindexBloat: 0.5,
  reindexMinBytes: 64 * 2 ** 20,
  parentAnalyzeEveryMs: 86_400_000,
  limits: { concurrency: 2, window: null, costDelayMs: null, costLimit: null, maxReplicationLagMs: 30_000, maxLockWaiters: 10 },
};

export async function run(argv: readonly string[]): Promise<void> {
  const partitions = Number(argv[0] ?? 10_000);
  const server = await startPeerServer();
  try {
    await makePartitions(server, 'postgres', { tables: 1, perTable: partitions });
    const client = await server.client('postgres');
    await client.query('VACUUM ANALYZE');
    await client.end();
    const session = await openSession(server.url('postgres'));
    const signal = new AbortController().signal;
    await installJournal(session, 'partitiond', signal);
    const policy = dailyPolicy('t0', {
      maintenance,
      retention: { keep: parseSpan('50 years'), action: 'detach', grace: null, schema: null },
    });
    const database = databasePolicy(server.url('postgres'), [policy]);
    const told = new Map<string, number[]>();
    const watched = watchSession(session, ({ name }, _, ms) => told.set(name, [...(told.get(name) ?? []), ms]));
    const read = async (): Promise<DatabaseStatus> => await readDatabaseStatus(watched, database, context, signal);
    const first = await timed(read);
    told.clear();
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push(await timed(read));
    const status = await read();
    if (status.tables[0]?.partitions.length !== partitions)
      throw new Error(`${status.tables[0]?.partitions.length} partitions in the status`);
    printAtMost(`${partitions} partitions: the first reading`, first, 'ms');
    printAtMost(`${partitions} partitions: a reading`, median(times), 'ms', 300);
    const queries = [...told].map(([name, each]) => ({ name, ms: median(each) })).toSorted((a, b) => b.ms - a.ms);
    for (const { name, ms } of queries.slice(0, queriesShown)) printAtMost(`  ${name}, with its decoding`, ms, 'ms');
    const text = JSON.stringify({ databases: [status] });
    printAtMost('  as JSON', await timed(async () => JSON.stringify(status)), 'ms');
    printAtMost('the answer', text.length / 1000, 'kB');
    printAtMost('the answer, compressed', (await promisify(gzip)(text)).length / 1000, 'kB', 1_000);
    await session.close();
  } finally {
    await server.stop();
  }
}
