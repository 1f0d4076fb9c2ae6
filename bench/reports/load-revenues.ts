import type pg from 'pg';
import { installJournal } from '../../src/journal/install.ts';
import { parseInterval } from '../../src/partition/interval.ts';
import { reconcileDatabase } from '../../src/reconcile/reconcile-database.ts';
import type { PeerServer } from '../peer-server.ts';
import { applyAll, context, dailyPolicy, databasePolicy, openSession } from '../policies.ts';

/** `whole_revenues` and, by quarter, `revenues`: the same rows in the same order. */
export interface Revenues {
  /** Starts of the eight quarters, and the end of the last one. ISO dates. */
  readonly edges: readonly string[];
  readonly organizations: number;
  /** Names of the partitions of the eight quarters. */
  readonly partitions: readonly string[];
}

/** `one`: everything in one table. `many`: partitioned. */
export const tableOf = { one: 'whole_revenues', many: 'revenues' } as const;
export type Side = keyof typeof tableOf;

const quarters = 8;
const rowsPerOrganization = 100;
const columns =
  'id bigint NOT NULL, org_id int NOT NULL, property_id int NOT NULL, occurred_at timestamptz NOT NULL, amount numeric(12, 2) NOT NULL, ' +
  'status text NOT NULL, description text';

/**
 * Makes the tables, has partitiond make the partitions, and loads both with `rows` rows: in the order of time, as an application writes them,
 * a little more each quarter. Organisations are as unequal as customers are: of 100,000 the largest has 2 % of the rows, half of them have a
 * fifth together.
 */
export async function loadRevenues(server: PeerServer, client: pg.Client, rows: number): Promise<Revenues> {
  const organizations = Math.ceil(rows / rowsPerOrganization);
  const edges = await eightQuarters(client);
  await client.query(`
    CREATE TABLE organizations (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE properties (id int PRIMARY KEY, org_id int NOT NULL REFERENCES organizations);
    INSERT INTO organizations SELECT n, 'organization ' || n FROM generate_series(0, ${organizations - 1}) AS n;
    INSERT INTO properties SELECT n, n / 10 FROM generate_series(0, ${organizations * 10 - 1}) AS n;
    CREATE TABLE ${tableOf.one} (${columns});
    CREATE TABLE ${tableOf.many} (${columns}) PARTITION BY RANGE (occurred_at)`);
  await partition(server, edges[0] ?? '');
  await client.query(`
    SELECT setseed(0.5);
    INSERT INTO ${tableOf.one}
    SELECT n, org, org * 10 + floor(10 * power(random(), 2)), at, round((random() * 1000)::numeric, 2),
      CASE WHEN random() < 0.8 THEN 'approved' WHEN random() < 0.5 THEN 'pending' ELSE 'rejected' END, 'revenue of a stay'
    FROM generate_series(1, ${rows}) AS n
    CROSS JOIN LATERAL (
      SELECT floor(${organizations} * power(random() + 0 * n, 3))::int AS org,
        timestamptz '${edges[0]}' + (timestamptz '${edges[quarters]}' - timestamptz '${edges[0]}') * power((n - 1)::float8 / ${rows}, 0.8) AS at
    ) AS drawn;
    INSERT INTO ${tableOf.many} SELECT * FROM ${tableOf.one} ORDER BY id`);
  await index(client);
  return { edges, organizations, partitions: await loadedPartitions(client) };
}

/** The eight whole quarters before the current one. */
async function eightQuarters(client: pg.Client): Promise<readonly string[]> {
  await client.query("SET TimeZone = 'UTC'; SET synchronize_seqscans = off");
  const { rows } = await client.query<{ edge: string }>(
    `SELECT (date_trunc('quarter', now()) + n * interval '3 months')::date::text AS edge FROM generate_series(-${quarters}, 0) AS n`,
  );
  return rows.map(({ edge }) => edge);
}

async function partition(server: PeerServer, start: string): Promise<void> {
  const url = server.url('postgres');
  const signal = new AbortController().signal;
  const policy = dailyPolicy(tableOf.many, {
    interval: parseInterval('1 quarter'),
    name: '{table}_{yyyy}_q{q}',
    startFrom: BigInt(Date.parse(`${start}T00:00:00Z`)) * 1_000n,
    premake: 1,
  });
  const session = await openSession(url);
  try {
    await installJournal(session, 'partitiond', signal);
    const report = await reconcileDatabase(session, databasePolicy(url, [policy]), applyAll, context, signal);
    const failed = report.tables.flatMap(({ error, steps }) => [error, ...steps.map((step) => step.error)]).find((error) => error !== null);
    if (failed !== undefined) throw failed;
  } finally {
    await session.close();
  }
}

/** As the requirements have them. A primary key of a partitioned table has its key in it. */
async function index(client: pg.Client): Promise<void> {
  for (const [table, key] of [
    [tableOf.one, 'id'],
    [tableOf.many, 'id, occurred_at'],
  ] as const) {
    await client.query(`ALTER TABLE ${table} ADD PRIMARY KEY (${key})`);
    await client.query(`CREATE INDEX ON ${table} (org_id, property_id, occurred_at)`);
    await client.query(`CREATE INDEX ON ${table} (status) WHERE status = 'approved'`);
    await client.query(`VACUUM ANALYZE ${table}`);
  }
}

/** Those that hold rows, oldest first. */
async function loadedPartitions(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relation::text AS name FROM (SELECT tableoid::regclass AS relation, min(occurred_at) AS first FROM ${tableOf.many} GROUP BY 1) AS found ORDER BY first`,
  );
  if (rows.length !== quarters) throw new Error(`the rows lie in ${rows.length} partitions rather than ${quarters}`);
  return rows.map(({ name }) => name);
}
