/**
 * VACUUM (ANALYZE) of 500 partitions with dead rows, two at a time, against `vacuumdb -j 2 -z` over as many tables alike on the same server;
 * then a pass with nothing due against the idle pass of provision and retention.
 */
import { execFileSync } from 'node:child_process';
import type pg from 'pg';
import type { MaintenancePolicy, TablePolicy } from '../src/partition/policy.ts';
import { connectSession } from '../src/postgres/session.ts';
import type { RunReport } from '../src/reconcile/event.ts';
import { reconcileDatabase } from '../src/reconcile/reconcile-database.ts';
import type { ReconcileContext } from '../src/reconcile/request.ts';
import { type PeerServer, startPeerServer } from './peer-server.ts';
import { applyAll, context, dailyPolicy, databasePolicy, openSession, safety } from './policies.ts';
import { inTurn, median, printFigure, timed } from './report.ts';

const partitions = 500;
const rowsEach = 10_000;
const rounds = 5;

/** Whatever vacuumdb does not do either is off: the partitioned table's own ANALYZE, and freezing what has closed. */
const maintenance: MaintenancePolicy = {
  vacuumDeadRatio: 0.1,
  vacuumDeadRows: 1_000_000,
  analyzeChangedRatio: 0.1,
  analyzeChangedRows: 1_000_000,
  freezeAgeRatio: 0.75,
  freezeClosed: false,
  closedForMs: 3_600_000,
  reindexBloat: 0.5,
  reindexMinBytes: 64 * 2 ** 20,
  parentAnalyzeEveryMs: null,
  limits: {
    concurrency: 2,
    window: null,
    costDelayMs: null,
    costLimit: null,
    maxReplicationLagMs: 30_000,
    maxLockWaiters: 10,
  },
};

export async function run(): Promise<void> {
  const server = await startPeerServer({ autovacuum: 'off', maintenance_work_mem: '64MB' });
  try {
    const client = await server.client('postgres');
    await createTable(client, 'ours');
    await createTable(client, 'theirs');
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      // Each side's pages are as warm as the other's: what was written just now.
      const first = async (): Promise<void> => {
        await makeDeadRows(client, 'ours');
        ours.push(await vacuumOurs(server, client));
      };
      const second = async (): Promise<void> => {
        await makeDeadRows(client, 'theirs');
        theirs.push(await vacuumTheirs(server, client));
      };
      for (const side of round % 2 === 0 ? [first, second] : [second, first]) await side();
    }
    const ratio = median(ours) / median(theirs);
    printFigure(`${partitions} partitions with dead rows: partitiond, two at a time`, `${median(ours).toFixed(0)} ms`);
    printFigure(`${partitions} partitions with dead rows: vacuumdb -j 2 -z`, `${median(theirs).toFixed(0)} ms`);
    printFigure('partitiond / vacuumdb', ratio.toFixed(2), 'goal <= 1.1', ratio <= 1.1);
    await idle(server);
    await client.end();
  } finally {
    await server.stop();
  }
}

function policy(): TablePolicy {
  return dailyPolicy('ours', { maintenance });
}

function upkeepContext(server: PeerServer): ReconcileContext {
  const { statementTimeoutMs, lockTimeoutMs } = safety;
  const settings = { applicationName: 'partitiond:maintenance', statementTimeoutMs, lockTimeoutMs };
  return {
    ...context,
    upkeep: {
      connect: (signal) => connectSession({ kind: 'url', url: server.url('postgres') }, settings, signal),
      windowEnd: () => null,
      freshForMs: null,
    },
  };
}

async function pass(
  server: PeerServer,
  session: Awaited<ReturnType<typeof openSession>>,
  tasks: typeof applyAll.tasks,
): Promise<RunReport> {
  const database = databasePolicy(server.url('postgres'), [policy()]);
  return await reconcileDatabase(session, database, { ...applyAll, tasks }, upkeepContext(server), new AbortController().signal);
}

async function vacuumOurs(server: PeerServer, client: pg.Client): Promise<number> {
  const session = await openSession(server.url('postgres'));
  try {
    let report: RunReport | null = null;
    const ms = await timed(async () => {
      report = await pass(server, session, ['maintenance']);
    });
    const done = (report as RunReport | null)?.tables.flatMap(({ steps }) => steps).filter(({ outcome }) => outcome === 'ok').length;
    if (done !== partitions) throw new Error(`partitiond took ${done} steps rather than ${partitions}`);
    await assertClean(client, 'ours');
    return ms;
  } finally {
    await session.close();
  }
}

async function vacuumTheirs(server: PeerServer, client: pg.Client): Promise<number> {
  const tables = Array.from({ length: partitions }, (_, i) => ['-t', `theirs_${i}`]).flat();
  const ms = await timed(async () => {
    execFileSync('/usr/lib/postgresql/15/bin/vacuumdb', ['-q', '-j', '2', '-z', ...tables, '-d', server.url('postgres')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  });
  await assertClean(client, 'theirs');
  return ms;
}

async function assertClean(client: pg.Client, table: string): Promise<void> {
  const { rows } = await client.query<{ dead: string }>(
    `SELECT sum(n_dead_tup) AS dead FROM pg_stat_user_tables WHERE relname LIKE '${table}\\_%'`,
  );
  if (Number(rows[0]?.dead) > 0) throw new Error(`${table} still has ${rows[0]?.dead} dead rows`);
}

async function createTable(client: pg.Client, table: string): Promise<void> {
  await client.query(`
    SET TimeZone = 'UTC';
    CREATE TABLE ${table} (id bigint NOT NULL, created_at timestamptz NOT NULL, org_id int, body text, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at);
    DO $$ BEGIN FOR i IN 0..${partitions - 1} LOOP
      EXECUTE format('CREATE TABLE ${table}_%s PARTITION OF ${table} FOR VALUES FROM (%L) TO (%L)', i,
        (current_date + 5 - i)::timestamptz, (current_date + 6 - i)::timestamptz);
      EXECUTE format('INSERT INTO ${table}_%s SELECT n, %L::timestamptz + n * interval ''1 second'', n %% 1000, repeat(''x'', 40) FROM generate_series(1, ${rowsEach}) AS n',
        i, (current_date + 5 - i)::timestamptz);
    END LOOP; END $$;`);
  await client.query('VACUUM ANALYZE');
}

/** A fifth of the rows of each partition dies; the statistics of 15 know of it at once. */
async function makeDeadRows(client: pg.Client, table: string): Promise<void> {
  await client.query(`UPDATE ${table} SET org_id = org_id + 1 WHERE id % 5 = 0`);
  await client.query('SELECT pg_stat_force_next_flush()');
  await client.query('CHECKPOINT');
}

async function idle(server: PeerServer): Promise<void> {
  const session = await openSession(server.url('postgres'));
  try {
    await pass(server, session, ['provision', 'retention']);
    const upkeep = await pass(server, session, ['maintenance', 'index']);
    const left = upkeep.tables.flatMap(({ steps }) => steps);
    if (left.length > 0) throw new Error(`something is still due: ${left.map(({ step }) => `${step.kind} ${step.reason}`).join('; ')}`);
    const { a, b } = await inTurn(
      15,
      () => pass(server, session, ['maintenance', 'index']),
      () => pass(server, session, ['provision', 'retention']),
    );
    printFigure('nothing due: pass of maintenance and index', `${a.toFixed(1)} ms`);
    printFigure('nothing to do: pass of provision and retention', `${b.toFixed(1)} ms`);
    printFigure('maintenance / idle pass', (a / b).toFixed(2), 'goal <= 1.2', a / b <= 1.2);
  } finally {
    await session.close();
  }
}
