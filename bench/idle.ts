/**
 * One full pass with nothing to do: 200 tables of 100 daily partitions against pg_partman's run_maintenance and against the one catalog
 * query that cannot be avoided, then 1,000 such tables for linearity and, in a process of its own, for resident memory.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { reconcileDatabase } from '../src/reconcile/reconcile-database.ts';
import { type PeerServer, startPeerServer } from './peer-server.ts';
import { applyAll, context, dailyPolicy, databasePolicy, openSession } from './policies.ts';
import { inTurn, median, printFigure, timed } from './report.ts';

const days = { past: 94, ahead: 5 };

/** What every tool must read: each partition with its bound. */
const floorSql = `SELECT i.inhparent, c.oid, n.nspname, c.relname, c.relkind, pg_get_expr(c.relpartbound, c.oid), i.inhdetachpending, c.reltuples, c.relpages
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relispartition`;

export async function run(): Promise<void> {
  const server = await startPeerServer();
  try {
    const client = await server.client('postgres');
    await createTables(client, 0, 200);
    await installPartman(client, 200);
    const url = server.url('postgres');
    const small = await openSession(url);
    const pass = (count: number) => (): Promise<unknown> =>
      reconcileDatabase(small, databasePolicy(url, tables(count)), applyAll, context, new AbortController().signal);
    await pass(200)();
    const floor = (): Promise<unknown> => client.query(floorSql);
    const partman = (): Promise<unknown> => client.query('SELECT partman.run_maintenance(p_jobmon := false)');
    const [atFloor, atPartman] = [await inTurn(7, pass(200), floor), await inTurn(3, pass(200), partman)];
    printFigure('200 x 100 partitions: partitiond', `${atFloor.a.toFixed(0)} ms`);
    printFigure('200 x 100 partitions: the one catalog query', `${atFloor.b.toFixed(0)} ms`);
    printFigure('200 x 100 partitions: pg_partman run_maintenance', `${atPartman.b.toFixed(0)} ms`);
    printFigure('partitiond / pg_partman', (atPartman.a / atPartman.b).toFixed(3), 'goal <= 0.15', atPartman.a / atPartman.b <= 0.15);
    printFigure('partitiond / one catalog query', (atFloor.a / atFloor.b).toFixed(2), 'goal <= 3', atFloor.a / atFloor.b <= 3);
    await linearity(server, client, pass, atFloor.a);
    await small.close();
    await client.end();
  } finally {
    await server.stop();
  }
}

async function linearity(
  server: PeerServer,
  client: pg.Client,
  pass: (count: number) => () => Promise<unknown>,
  smallMs: number,
): Promise<void> {
  await createTables(client, 200, 1000);
  const times: number[] = [];
  for (let round = 0; round < 3; round++) times.push(await timed(pass(1000)));
  const growth = median(times) / smallMs;
  printFigure('100,000 partitions: partitiond', `${median(times).toFixed(0)} ms`);
  printFigure('time at 100,000 / time at 20,000 (linear = 5)', growth.toFixed(2), 'goal <= 5.5', growth <= 5.5);
  const mib = await residentMemory(server.url('postgres'), 1000);
  printFigure('100,000 partitions: peak resident memory of `check`', `${mib.toFixed(0)} MiB`, 'goal < 200 MB', mib * 1.048576 < 200);
}

function tables(count: number): ReturnType<typeof dailyPolicy>[] {
  return Array.from({ length: count }, (_, i) => dailyPolicy(`t${i}`));
}

async function createTables(client: pg.Client, from: number, to: number): Promise<void> {
  await client.query("SET TimeZone = 'UTC'");
  for (let table = from; table < to; table++) {
    await client.query(`
      CREATE TABLE t${table} (id bigint NOT NULL, created_at timestamptz NOT NULL, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at);
      DO $$ BEGIN FOR i IN -${days.past}..${days.ahead} LOOP
        EXECUTE format('CREATE TABLE t${table}_p%s PARTITION OF t${table} FOR VALUES FROM (%L) TO (%L)',
          to_char(current_date + i, 'YYYY_MM_DD'), (current_date + i)::timestamptz, (current_date + i + 1)::timestamptz);
      END LOOP; END $$;
      INSERT INTO t${table} SELECT 1, now() - i * interval '1 day' FROM generate_series(0, ${days.past - 1}) AS i;`);
  }
  await client.query('ANALYZE');
}

async function installPartman(client: pg.Client, count: number): Promise<void> {
  await client.query('CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman;');
  await client.query(`
    INSERT INTO partman.part_config (parent_table, control, partition_type, partition_interval, premake, datetime_string, jobmon)
    SELECT 'public.t' || i, 'created_at', 'native', '1 day', 4, 'YYYY_MM_DD', false FROM generate_series(0, ${count - 1}) AS i`);
}

/** Peak of the built program, as the kernel counts it. */
async function residentMemory(url: string, count: number): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'ptd-bench-'));
  try {
    const file = join(directory, 'partitiond.yaml');
    const entries = Array.from({ length: count }, (_, i) => `      - { table: public.t${i} }`).join('\n');
    const defaults = '{ interval: 1 day, premake: 4, name: "{table}_p{yyyy}_{mm}_{dd}", maintenance: false }';
    writeFileSync(file, `defaults: ${defaults}\ndatabases:\n  - name: bench\n    url: "${url}"\n    tables:\n${entries}\n`);
    return await peakMib(spawn(process.execPath, ['dist/main.js', 'check', '--config', file], { stdio: 'ignore' }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The kernel's high-water mark of a process (Linux), read until it ends. */
async function peakMib(child: ChildProcess): Promise<number> {
  let kib = 0;
  const poll = setInterval(() => {
    try {
      kib = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? kib);
    } catch {
      // The process ended between two looks.
    }
  }, 20);
  await new Promise((resolve) => child.once('exit', resolve));
  clearInterval(poll);
  return kib / 1024;
}
