/**
 * How long an application waits while partitions are made and removed: four writers insert all the time, the default partition holds two
 * million rows, one reader keeps the parent locked for eight seconds; 17 partitions to make, 10 to remove. The same for pg_partman.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { reconcileDatabase } from '../src/reconcile/reconcile-database.ts';
import { type PeerServer, startPeerServer } from './peer-server.ts';
import { applyAll, context, dailyPolicy, databasePolicy, openSession } from './policies.ts';
import { printFigure } from './report.ts';

const goalMs = 250;
const readerMs = 8_000;
const premake = 20;
const alreadyAhead = 3;
const expired = 10;
const kept = 5;

export async function run(): Promise<void> {
  const server = await startPeerServer();
  try {
    for (const withReader of [false, true]) {
      for (const tool of ['partitiond', 'pg_partman'] as const) {
        const outcome = await measure(server, tool, withReader);
        const label = `${tool}, ${withReader ? `reader holds the parent for ${readerMs / 1000} s` : 'no reader'}`;
        const isOurs = tool === 'partitiond';
        printFigure(
          `slowest insert: ${label}`,
          `${outcome.slowestMs.toFixed(0)} ms`,
          isOurs ? `goal < ${goalMs} ms` : '',
          isOurs ? outcome.slowestMs < goalMs : null,
        );
        printFigure(
          `  made ${outcome.made} of ${premake - alreadyAhead}, removed ${outcome.removed} of ${expired}, in`,
          `${(outcome.tookMs / 1000).toFixed(1)} s`,
        );
        printFigure('  inserts meanwhile', String(outcome.inserts));
      }
    }
  } finally {
    await server.stop();
  }
}

interface Outcome {
  readonly slowestMs: number;
  readonly inserts: number;
  readonly made: number;
  readonly removed: number;
  readonly tookMs: number;
}

async function measure(server: PeerServer, tool: 'partitiond' | 'pg_partman', withReader: boolean): Promise<Outcome> {
  const database = `stall_${tool}_${withReader ? 'reader' : 'plain'}`;
  const admin = await server.client('postgres');
  await admin.query(`CREATE DATABASE ${database}`);
  await admin.end();
  const client = await server.client(database);
  await prepare(client, tool);
  const before = await attached(client);
  const stop = new AbortController();
  const writers = await Promise.all(Array.from({ length: 4 }, async () => startWriter(await server.client(database), stop.signal)));
  const reader = withReader ? startReader(await server.client(database)) : Promise.resolve();
  await delay(300);
  const start = performance.now();
  await (tool === 'partitiond' ? maintainOurs(server.url(database)) : maintainPartman(await server.client(database)));
  const tookMs = performance.now() - start;
  await reader;
  await delay(300);
  stop.abort();
  const results = await Promise.all(writers.map((writer) => writer.done));
  const after = await attached(client);
  await client.end();
  return {
    slowestMs: Math.max(...results.map((result) => result.slowestMs)),
    inserts: results.reduce((sum, result) => sum + result.inserts, 0),
    made: [...after].filter((name) => !before.has(name)).length,
    removed: [...before].filter((name) => !after.has(name)).length,
    tookMs,
  };
}

/** Days from `expired + kept` before today to `alreadyAhead` after it; 2 million old rows in the default partition. */
async function prepare(client: pg.Client, tool: 'partitiond' | 'pg_partman'): Promise<void> {
  await client.query(`
    CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, created_at timestamptz NOT NULL, body text) PARTITION BY RANGE (created_at);
    CREATE INDEX ON events (created_at);
    CREATE TABLE events_default PARTITION OF events DEFAULT;
    SET TimeZone = 'UTC';
    DO $$ BEGIN
      FOR i IN -${expired + kept}..${alreadyAhead} LOOP
        EXECUTE format('CREATE TABLE events_p%s PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
          to_char(current_date + i, 'YYYY_MM_DD'), (current_date + i)::timestamptz, (current_date + i + 1)::timestamptz);
      END LOOP; END $$;
    INSERT INTO events (created_at, body) SELECT timestamptz '2000-01-01' + i * interval '1 second', repeat('x', 60) FROM generate_series(1, 2000000) AS i;
    INSERT INTO events (created_at, body) SELECT now() - i * interval '1 hour', 'x' FROM generate_series(1, 24 * ${kept + expired}) AS i;
    ANALYZE events; CHECKPOINT;`);
  if (tool === 'partitiond') return;
  await client.query(`
    CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman;
    INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval, premake, datetime_string, retention,
      retention_keep_table, jobmon, infinite_time_partitions)
    VALUES ('public.events', 'created_at', 'native', '1 day', ${premake}, 'YYYY_MM_DD', '${kept} days', false, false, true);`);
}

async function maintainOurs(url: string): Promise<void> {
  const policy = dailyPolicy('events', {
    premake,
    defaultPartition: 'keep',
    retention: {
      keep: { kind: 'calendar', months: 0, days: kept, micros: 0n },
      action: 'drop',
      grace: { kind: 'calendar', months: 0, days: 0, micros: 0n },
      schema: null,
    },
  });
  const session = await openSession(url);
  try {
    await reconcileDatabase(session, databasePolicy(url, [policy]), applyAll, context, new AbortController().signal);
  } finally {
    await session.close();
  }
}

async function maintainPartman(client: pg.Client): Promise<void> {
  await client.query("SET TimeZone = 'UTC'");
  await client.query("SELECT partman.run_maintenance('public.events', p_jobmon := false)");
  await client.end();
}

async function startReader(client: pg.Client): Promise<void> {
  await client.query('BEGIN');
  await client.query('SELECT count(*) FROM events WHERE created_at >= now()');
  await delay(readerMs);
  await client.query('COMMIT');
  await client.end();
}

function startWriter(
  client: pg.Client,
  signal: AbortSignal,
): { readonly done: Promise<{ readonly slowestMs: number; readonly inserts: number }> } {
  const write = async (): Promise<{ readonly slowestMs: number; readonly inserts: number }> => {
    let slowestMs = 0;
    let inserts = 0;
    while (!signal.aborted) {
      const start = performance.now();
      await client.query("INSERT INTO events (created_at, body) VALUES (now(), 'written')");
      slowestMs = Math.max(slowestMs, performance.now() - start);
      inserts++;
    }
    await client.end();
    return { slowestMs, inserts };
  };
  return { done: write() };
}

async function attached(client: pg.Client): Promise<ReadonlySet<string>> {
  const result = await client.query<{ name: string }>(
    "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass",
  );
  return new Set(result.rows.map((row) => row.name));
}
