import { readTables } from '../../src/catalog/read-tables.ts';
import { readUpkeep } from '../../src/catalog/read-upkeep.ts';
import { parseInstant } from '../../src/partition/calendar.ts';
import type { IndexPolicy, MaintenancePolicy, TablePolicy } from '../../src/partition/policy.ts';
import type { UpkeepFacts, UpkeepMarks } from '../../src/partition/upkeep.ts';
import type { TestDatabase } from './database.ts';
import { noAbort, type TestSession } from './open-session.ts';
import { policyOf } from './reconcile.ts';
import { waitFor } from './wait-for.ts';

/** A journal that remembers nothing. */
export const noMarks: UpkeepMarks = { frozen: new Map(), indexes: [] };

/** The defaults of `maintenance`, with no limit but the concurrency. */
const maintenance: MaintenancePolicy = {
  vacuumDeadRatio: 0.1,
  vacuumDeadRows: 1_000_000,
  analyzeChangedRatio: 0.1,
  analyzeChangedRows: 1_000_000,
  freezeAgeRatio: 0.75,
  freezeClosed: true,
  closedForMs: 3_600_000,
  reindexBloat: 0.5,
  reindexMinBytes: 64 * 1024 * 1024,
  parentAnalyzeEveryMs: 86_400_000,
  limits: { concurrency: 2, window: null, costDelayMs: null, costLimit: null, maxReplicationLagMs: null, maxLockWaiters: null },
};

/** A B-tree on `at`. */
export function indexPolicy(name: string, changes: Partial<IndexPolicy> = {}): IndexPolicy {
  return {
    name,
    keys: [{ kind: 'column', column: 'at', options: '' }],
    method: 'btree',
    isUnique: false,
    include: [],
    where: null,
    storage: {},
    tablespace: null,
    partitions: { kind: 'all' },
    ...changes,
  };
}

/** A policy with maintenance. */
export function maintained(name: string, changes: Partial<MaintenancePolicy> = {}, overrides: Partial<TablePolicy> = {}): TablePolicy {
  return policyOf(name, { maintenance: { ...maintenance, ...changes }, ...overrides });
}

/** Facts aligned with the policies, whose tables must exist. */
export async function upkeep(
  session: TestSession,
  policies: readonly TablePolicy[],
  marks: UpkeepMarks = noMarks,
): Promise<readonly UpkeepFacts[]> {
  const now = parseInstant('2025-03-10T12:00:00Z', 'UTC');
  const states = await readTables(session, { policies, now, detached: [], holds: [] }, noAbort);
  const tables = states.map((state, i) => {
    const policy = policies[i];
    if (state.kind !== 'partitioned' || policy === undefined) throw new Error(`was not read: ${JSON.stringify(state)}`);
    return { policy, table: state.table };
  });
  return await readUpkeep(session, tables, marks, noAbort);
}

/** Facts of one table. */
export async function factsOf(session: TestSession, policy: TablePolicy, marks: UpkeepMarks = noMarks): Promise<UpkeepFacts> {
  const [facts] = await upkeep(session, [policy], marks);
  if (facts === undefined) throw new Error('no facts');
  return facts;
}

/** The statistics system of 14 is told late, so facts are read until they are as they will be. */
export async function eventually(
  session: TestSession,
  policy: TablePolicy,
  isReached: (facts: UpkeepFacts) => boolean,
  marks: UpkeepMarks = noMarks,
): Promise<UpkeepFacts> {
  return await waitFor('the facts of upkeep', () => factsOf(session, policy, marks), isReached, { timeoutMs: 30_000 });
}

/** Of the relation that SQL means by `name`. */
export async function oidOf(database: TestDatabase, name: string): Promise<string> {
  const [row] = await database.query<{ oid: string }>('SELECT $1::regclass::oid::text AS oid', [name]);
  if (row === undefined) throw new Error(`no ${name}`);
  return row.oid;
}

/** Of its relations. */
export function names(facts: UpkeepFacts): readonly string[] {
  return facts.relations.map(({ name }) => name.name);
}

/** Writes and analyses on sessions that end, which makes them tell at once what they did. */
export async function run(database: TestDatabase, ...statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    const client = await database.client();
    await client.query(statement);
    await client.end();
  }
}

/** Three empty months. */
export async function createEvents(database: TestDatabase): Promise<void> {
  await run(
    database,
    `CREATE TABLE events (id int8 NOT NULL, at timestamptz NOT NULL, note text) PARTITION BY RANGE (at);
     CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
     CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2025-02-01Z') TO ('2025-03-01Z');
     CREATE TABLE events_3 PARTITION OF events FOR VALUES FROM ('2025-03-01Z') TO ('2025-04-01Z')`,
  );
}
