/**
 * An index over 100 partitions of 100,000 rows, made under four writers: by partitiond, by a bare loop that sends the same CREATE INDEX
 * CONCURRENTLY with the same parallelism, and by plain CREATE INDEX on the partitioned table.
 */
import type pg from 'pg';
import type { TablePolicy } from '../src/partition/policy.ts';
import { connectSession } from '../src/postgres/session.ts';
import { reconcileDatabase } from '../src/reconcile/reconcile-database.ts';
import { type PeerServer, startPeerServer } from './peer-server.ts';
import { applyAll, context, dailyPolicy, databasePolicy, openSession, safety } from './policies.ts';
import { median, printFigure, timed } from './report.ts';

const partitions = 100;
const rowsEach = 100_000;
const parallel = 2;
const rounds = 3;
const goalMs = 250;

interface Build {
  readonly tookMs: number;
  readonly slowestInsertMs: number;
  readonly inserts: number;
}

export async function run(): Promise<void> {
  const server = await startPeerServer({ autovacuum: 'off', maintenance_work_mem: '64MB' });
  try {
    const client = await server.client('postgres');
    await createTable(client);
    const sides = { ours: [] as Build[], loop: [] as Build[] };
    for (let round = 0; round < rounds; round++) {
      for (const side of round % 2 === 0 ? (['ours', 'loop'] as const) : (['loop', 'ours'] as const)) {
        sides[side].push(await underWriters(server, () => (side === 'ours' ? buildOurs(server) : buildInLoop(server))));
        await dropIndexes(client, side);
      }
    }
    const plain = await underWriters(server, () => client.query('CREATE INDEX plain_idx ON events (org_id, created_at)'));
    print('partitiond', sides.ours, true);
    print('a bare loop of CREATE INDEX CONCURRENTLY', sides.loop, false);
    print('plain CREATE INDEX on the partitioned table', [plain], false);
    const ratio = median(sides.ours.map(({ tookMs }) => tookMs)) / median(sides.loop.map(({ tookMs }) => tookMs));
    printFigure('partitiond / bare loop', ratio.toFixed(2), 'goal <= 1.3', ratio <= 1.3);
    await client.end();
  } finally {
    await server.stop();
  }
}

function print(label: string, builds: readonly Build[], isOurs: boolean): void {
  const slowest = Math.max(...builds.map(({ slowestInsertMs }) => slowestInsertMs));
  printFigure(label, `${median(builds.map(({ tookMs }) => tookMs)).toFixed(0)} ms`);
  printFigure('  inserts meanwhile', String(median(builds.map(({ inserts }) => inserts))));
  printFigure('  slowest insert', `${slowest.toFixed(0)} ms`, isOurs ? `goal < ${goalMs} ms` : '', isOurs ? slowest < goalMs : null);
}

/** Four writers insert into partitions at random, one row at a time, for as long as `build` takes. */
async function underWriters(server: PeerServer, build: () => Promise<unknown>): Promise<Build> {
  const stop = new AbortController();
  const writers = await Promise.all(Array.from({ length: 4 }, async () => write(await server.client('postgres'), stop.signal)));
  const running = writers.map((start) => start());
  const tookMs = await timed(build);
  stop.abort();
  const seen = await Promise.all(running);
  return {
    tookMs,
    slowestInsertMs: Math.max(...seen.map(({ slowestMs }) => slowestMs)),
    inserts: seen.reduce((sum, { inserts }) => sum + inserts, 0),
  };
}

async function write(
  client: pg.Client,
  signal: AbortSignal,
): Promise<() => Promise<{ readonly slowestMs: number; readonly inserts: number }>> {
  await client.query(`PREPARE write AS INSERT INTO events VALUES (0, now() - random() * interval '${partitions - 6} days', 1, 'written')`);
  return async () => {
    let [slowestMs, inserts] = [0, 0];
    while (!signal.aborted) {
      const ms = await timed(() => client.query('EXECUTE write'));
      slowestMs = Math.max(slowestMs, ms);
      inserts++;
    }
    await client.end();
    return { slowestMs, inserts };
  };
}

async function buildOurs(server: PeerServer): Promise<void> {
  const { statementTimeoutMs, lockTimeoutMs } = safety;
  const settings = { applicationName: 'partitiond:maintenance', statementTimeoutMs, lockTimeoutMs };
  const policy: TablePolicy = dailyPolicy('events', {
    maintenance: {
      vacuumDeadRatio: 100,
      vacuumDeadRows: 1e12,
      analyzeChangedRatio: 100,
      analyzeChangedRows: 1e12,
      freezeAgeRatio: 1,
      freezeClosed: false,
      closedForMs: 3_600_000,
      reindexBloat: null,
      reindexMinBytes: 64 * 2 ** 20,
      parentAnalyzeEveryMs: null,
      limits: {
        concurrency: parallel,
        window: null,
        costDelayMs: null,
        costLimit: null,
        maxReplicationLagMs: null,
        maxLockWaiters: null,
      },
    },
    indexes: [
      {
        name: 'events_org',
        keys: [
          { kind: 'column', column: 'org_id', options: '' },
          { kind: 'column', column: 'created_at', options: '' },
        ],
        method: 'btree',
        isUnique: false,
        include: [],
        where: null,
        storage: {},
        tablespace: null,
        partitions: { kind: 'all' },
      },
    ],
    // Its index goes by hand between the rounds; the marks that stay behind are of indexes that are gone.
  });
  const session = await openSession(server.url('postgres'));
  try {
    const upkeep = {
      connect: (signal: AbortSignal) => connectSession({ kind: 'url', url: server.url('postgres') }, settings, signal),
      windowEnd: () => null,
      freshForMs: null,
    };
    const database = databasePolicy(server.url('postgres'), [policy]);
    const request = { ...applyAll, tasks: ['index'] as const };
    const report = await reconcileDatabase(session, database, request, { ...context, upkeep }, new AbortController().signal);
    const bad = report.tables.flatMap(({ steps }) => steps).filter(({ outcome }) => outcome !== 'ok');
    if (bad.length > 0) throw new Error(`${bad.length} steps were not done: ${bad[0]?.error?.message ?? bad[0]?.outcome}`);
  } finally {
    await session.close();
  }
}

async function buildInLoop(server: PeerServer): Promise<void> {
  const todo = Array.from({ length: partitions }, (_, i) => i);
  const worker = async (): Promise<void> => {
    const client = await server.client('postgres');
    for (let i = todo.pop(); i !== undefined; i = todo.pop()) {
      await client.query(`CREATE INDEX CONCURRENTLY loop_${i} ON events_${i} (org_id, created_at)`);
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

/** Each side must leave what it should have made, and the next one finds nothing of it. */
async function dropIndexes(client: pg.Client, side: 'ours' | 'loop'): Promise<void> {
  const { rows } = await client.query<{ valid: number; invalid: number }>(`
    SELECT count(*) FILTER (WHERE indisvalid)::int AS valid, count(*) FILTER (WHERE NOT indisvalid)::int AS invalid
    FROM pg_index WHERE indrelid IN (SELECT relid FROM pg_partition_tree('events')) AND indnkeyatts = 2 AND NOT indisprimary`);
  const wanted = partitions + (side === 'ours' ? 1 : 0);
  if (rows[0]?.valid !== wanted || rows[0].invalid !== 0)
    throw new Error(`${side}: ${JSON.stringify(rows[0])} indexes rather than ${wanted}`);
  if (side === 'ours') await client.query('DROP INDEX events_org');
  else for (let i = 0; i < partitions; i++) await client.query(`DROP INDEX loop_${i}`);
  await client.query('CHECKPOINT');
}

async function createTable(client: pg.Client): Promise<void> {
  await client.query(`
    SET TimeZone = 'UTC';
    CREATE TABLE events (id bigint NOT NULL, created_at timestamptz NOT NULL, org_id int, body text) PARTITION BY RANGE (created_at);
    DO $$ BEGIN FOR i IN 0..${partitions - 1} LOOP
      EXECUTE format('CREATE TABLE events_%s PARTITION OF events FOR VALUES FROM (%L) TO (%L)', i,
        (current_date + 5 - i)::timestamptz, (current_date + 6 - i)::timestamptz);
      EXECUTE format('INSERT INTO events_%s SELECT n, %L::timestamptz + n * interval ''0.8 second'', (random() * 1000000)::int, repeat(''x'', 40) FROM generate_series(1, ${rowsEach}) AS n',
        i, (current_date + 5 - i)::timestamptz);
    END LOOP; END $$;`);
  await client.query('VACUUM ANALYZE');
}
