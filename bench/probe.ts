/**
 * A pass of probes over 100 tables of 24 partitions, one automatic probe each, then one that is analysed, against the very same EXPLAIN
 * statements sent by a bare client: what the read-only transaction around each and the reading of its plan cost.
 */
import type pg from 'pg';
import { parseInterval } from '../src/partition/interval.ts';
import type { ProbePolicy, TablePolicy } from '../src/partition/policy.ts';
import type { Session } from '../src/postgres/session.ts';
import { type ProbeResult, runProbes } from '../src/probe/run-probes.ts';
import { startPeerServer } from './peer-server.ts';
import { context, dailyPolicy, databasePolicy, openSession } from './policies.ts';
import { inTurn, printFigure } from './report.ts';
import { watchSession } from './watch-session.ts';

const tables = 100;
const partitions = 24;
const rowsEach = 500;
const rounds = 15;
const goal = 1.3;

interface Statement {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

export async function run(): Promise<void> {
  const server = await startPeerServer({ autovacuum: 'off' });
  try {
    const client = await server.client('postgres');
    const month = await createTables(client);
    const session = await openSession(server.url('postgres'));
    const url = server.url('postgres');
    const a = await compare(
      client,
      'automatic, planned only',
      pass(session, url, () => []),
    );
    const b = await compare(
      client,
      'configured, analysed',
      pass(session, url, (table) => [monthProbe(table, month)]),
    );
    const ratio = (a.ours + b.ours) / (a.bare + b.bare);
    printFigure('probes / their EXPLAIN statements, both passes', ratio.toFixed(2), `goal <= ${goal}`, ratio <= goal);
    await session.close();
    await client.end();
  } finally {
    await server.stop();
  }
}

type Pass = (watch?: (statement: Statement) => void) => Promise<readonly ProbeResult[]>;

function pass(session: Session, url: string, probesOf: (table: string) => readonly ProbePolicy[]): Pass {
  const policies = Array.from(
    { length: tables },
    (_, i): TablePolicy =>
      dailyPolicy(`t${i}`, { interval: parseInterval('1 month'), name: '{table}_p{yyyy}_{mm}', probes: probesOf(`t${i}`) }),
  );
  const database = databasePolicy(url, policies);
  const { safety, clock } = context;
  return async (watch) => {
    const watched =
      watch === undefined
        ? session
        : watchSession(session, ({ name, text }, parameters) => {
            if (name === 'explain-probe') watch({ text, parameters });
          });
    return await runProbes(watched, database, { safety, clock, tables: null }, new AbortController().signal);
  };
}

async function compare(client: pg.Client, what: string, probes: Pass): Promise<{ readonly ours: number; readonly bare: number }> {
  const statements: Statement[] = [];
  const results = await probes((statement) => statements.push(statement));
  const bad = results.find(({ outcome }) => outcome !== 'met');
  if (bad !== undefined) throw new Error(`a probe is not met: ${bad.problems.join(' ')}`);
  if (results.length !== tables || statements.length !== tables)
    throw new Error(`${statements.length} statements of ${results.length} probes`);
  const explain = async (): Promise<void> => {
    for (const { text, parameters } of statements) await client.query(text, [...parameters]);
  };
  const { a, b } = await inTurn(rounds, probes, explain);
  printFigure(`${tables} probes, ${what}: a pass`, `${a.toFixed(1)} ms`);
  printFigure(`${tables} probes, ${what}: their EXPLAIN statements`, `${b.toFixed(1)} ms`);
  printFigure(`${what}: ratio`, (a / b).toFixed(2));
  return { ours: a, bare: b };
}

interface Month {
  readonly from: string;
  readonly to: string;
}

function monthProbe(table: string, { from, to }: Month): ProbePolicy {
  return {
    name: 'month',
    sql: `SELECT org_id, count(*) FROM ${table} WHERE created_at >= $1 AND created_at < $2 GROUP BY org_id`,
    params: [from, to],
    analyze: true,
    timeoutMs: 10_000,
    expect: { partitions: 1, planningMs: null, executionMs: null },
  };
}

/** Monthly, the last partition four months ahead; the answer is the current month. */
async function createTables(client: pg.Client): Promise<Month> {
  await client.query("SET TimeZone = 'UTC'");
  const { rows } = await client.query<Month>(
    "SELECT date_trunc('month', now())::text AS from, (date_trunc('month', now()) + interval '1 month')::text AS to",
  );
  for (let table = 0; table < tables; table++) {
    await client.query(`
      CREATE TABLE t${table} (id bigint NOT NULL, created_at timestamptz NOT NULL, org_id int, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at);
      DO $$ BEGIN FOR i IN 0..${partitions - 1} LOOP
        EXECUTE format('CREATE TABLE t${table}_%s PARTITION OF t${table} FOR VALUES FROM (%L) TO (%L)', i,
          date_trunc('month', now()) + (5 - i - 1) * interval '1 month', date_trunc('month', now()) + (5 - i) * interval '1 month');
        EXECUTE format('INSERT INTO t${table}_%s SELECT n, %L::timestamptz + n * interval ''1 minute'', n %% 100 FROM generate_series(1, ${rowsEach}) AS n', i,
          date_trunc('month', now()) + (5 - i - 1) * interval '1 month');
      END LOOP; END $$`);
  }
  await client.query('VACUUM ANALYZE');
  const [month] = rows;
  if (month === undefined) throw new Error('the server does not know which month it is');
  return month;
}
