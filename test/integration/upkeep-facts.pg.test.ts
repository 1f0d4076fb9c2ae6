import { describe, expect, it } from 'vitest';
import { readTables } from '../../src/catalog/read-tables.ts';
import { readUpkeep } from '../../src/catalog/read-upkeep.ts';
import { parseInstant } from '../../src/partition/calendar.ts';
import { spellIndex } from '../../src/partition/index-definition.ts';
import type { IndexPolicy, MaintenancePolicy, TablePolicy } from '../../src/partition/policy.ts';
import { parseQualifiedName, type QualifiedName } from '../../src/partition/qualified-name.ts';
import type { IndexFacts, IndexMark, UpkeepFacts, UpkeepMarks } from '../../src/partition/upkeep.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { onlyOn } from '../support/only-on.ts';
import { noAbort, openSession, type TestSession } from '../support/open-session.ts';
import { policyOf } from '../support/reconcile.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const noMarks: UpkeepMarks = { frozen: new Map(), indexes: [] };

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

function indexPolicy(name: string, changes: Partial<IndexPolicy> = {}): IndexPolicy {
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

function maintained(name: string, changes: Partial<MaintenancePolicy> = {}, overrides: Partial<TablePolicy> = {}): TablePolicy {
  return policyOf(name, { maintenance: { ...maintenance, ...changes }, ...overrides });
}

async function upkeep(session: TestSession, policies: readonly TablePolicy[], marks = noMarks): Promise<readonly UpkeepFacts[]> {
  const now = parseInstant('2025-03-10T12:00:00Z', 'UTC');
  const states = await readTables(session, { policies, now, detached: [], holds: [] }, noAbort);
  const tables = states.map((state, i) => {
    const policy = policies[i];
    if (state.kind !== 'partitioned' || policy === undefined) throw new Error(`was not read: ${JSON.stringify(state)}`);
    return { policy, table: state.table };
  });
  return await readUpkeep(session, tables, marks, noAbort);
}

async function factsOf(session: TestSession, policy: TablePolicy, marks = noMarks): Promise<UpkeepFacts> {
  const [facts] = await upkeep(session, [policy], marks);
  if (facts === undefined) throw new Error('no facts');
  return facts;
}

/** The statistics system of 14 is told late, so facts are read until they are as they will be. */
async function eventually(
  session: TestSession,
  policy: TablePolicy,
  isReached: (facts: UpkeepFacts) => boolean,
  marks = noMarks,
): Promise<UpkeepFacts> {
  return await waitFor('the facts of upkeep', () => factsOf(session, policy, marks), isReached, { timeoutMs: 30_000 });
}

async function oidOf(database: TestDatabase, name: string): Promise<string> {
  const [row] = await database.query<{ oid: string }>('SELECT $1::regclass::oid::text AS oid', [name]);
  if (row === undefined) throw new Error(`no ${name}`);
  return row.oid;
}

function names(facts: UpkeepFacts): readonly string[] {
  return facts.relations.map(({ name }) => name.name);
}

/** Writes and analyses on sessions that end, which makes them tell at once what they did. */
async function run(database: TestDatabase, ...statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    const client = await database.client();
    await client.query(statement);
    await client.end();
  }
}

async function createEvents(database: TestDatabase): Promise<void> {
  await run(
    database,
    `CREATE TABLE events (id int8 NOT NULL, at timestamptz NOT NULL, note text) PARTITION BY RANGE (at);
     CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
     CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2025-02-01Z') TO ('2025-03-01Z');
     CREATE TABLE events_3 PARTITION OF events FOR VALUES FROM ('2025-03-01Z') TO ('2025-04-01Z')`,
  );
}

describe('leaves', () => {
  it('are told when a threshold of their table may be passed, and left out otherwise', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await createEvents(database);
    await run(
      database,
      `INSERT INTO events SELECT i, '2025-01-10Z' FROM generate_series(1, 5000) AS i;
       INSERT INTO events SELECT i, '2025-02-10Z' FROM generate_series(1, 5000) AS i`,
      'VACUUM ANALYZE events_1',
      'VACUUM ANALYZE events_2',
      'VACUUM ANALYZE events_3',
      'DELETE FROM events_1 WHERE id <= 1200',
    );
    const policy = maintained('events', { freezeClosed: false });
    const facts = await eventually(session, policy, ({ relations }) => relations.length === 1 && relations[0]?.deadRows === 1200);
    expect(names(facts)).toEqual(['events_1']);
    expect(facts.relations[0]).toEqual({
      oid: await oidOf(database, 'events_1'),
      name: { schema: 'public', name: 'events_1' },
      rootOid: await oidOf(database, 'events_1'),
      parentOid: await oidOf(database, 'events'),
      kind: 'table',
      mayMaintain: true,
      liveRows: 3800,
      deadRows: 1200,
      changedRows: 1200,
      isAnalyzed: true,
      analyzedAt: expect.any(BigInt),
      vacuumedAt: expect.any(BigInt),
      xidAge: expect.any(Number),
      mxidAge: expect.any(Number),
      filenode: expect.stringMatching(/^\d+$/),
      changes: 6200,
    });
    expect(facts).toMatchObject({
      isWhole: false,
      mayMaintain: true,
      freezeMaxAge: 200_000_000,
      multixactFreezeMaxAge: 400_000_000,
      marks: noMarks,
    });
    await run(database, 'VACUUM ANALYZE events_1');
    await eventually(session, policy, ({ relations }) => relations.length === 0);
    // Nobody watches a table without maintenance, and no number of rows matters there.
    await run(database, 'DELETE FROM events_1');
    expect((await factsOf(session, policyOf('events'))).relations).toEqual([]);
  });

  it('that were never analysed are told as soon as they have rows, and the last ANALYZE of the table itself', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await createEvents(database);
    const policy = maintained('events', { freezeClosed: false });
    expect(await factsOf(session, policy)).toMatchObject({ relations: [], parentAnalyzedAt: null });
    await run(database, "INSERT INTO events SELECT i, '2025-02-10Z' FROM generate_series(1, 3) AS i");
    const facts = await eventually(session, policy, ({ relations }) => relations.length === 1);
    expect(facts.relations[0]).toMatchObject({ liveRows: 3, changedRows: 3, isAnalyzed: false, analyzedAt: null, vacuumedAt: null });
    const before = await database.query<{ now: string }>('SELECT (EXTRACT(epoch FROM clock_timestamp()) * 1000000)::int8 AS now');
    await run(database, 'ANALYZE events');
    const after = await eventually(
      session,
      policy,
      ({ parentAnalyzedAt, relations }) => parentAnalyzedAt !== null && relations.length === 0,
    );
    expect(after.parentAnalyzedAt).toBeGreaterThanOrEqual(BigInt(before[0]?.now ?? 0));
  });

  it('are told until they are marked as frozen, and again when rows changed since or the table was rewritten', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await createEvents(database);
    await run(
      database,
      "INSERT INTO events SELECT i, '2025-01-10Z' FROM generate_series(1, 100) AS i",
      'VACUUM (FREEZE, ANALYZE) events_1',
      'ANALYZE events_2',
      'ANALYZE events_3',
    );
    const policy = maintained('events');
    const facts = await eventually(session, policy, ({ relations }) => relations[0]?.changedRows === 0 && relations[0].changes === 100);
    expect(names(facts)).toEqual(['events_1']);
    const [{ oid = '', filenode = '', changes = 0 } = {}] = facts.relations;
    expect(changes).toBe(100);
    const marked = (mark: { filenode: string; changes: number }): UpkeepMarks => ({
      frozen: new Map([[oid, { oid, ...mark }]]),
      indexes: [],
    });
    expect((await factsOf(session, policy, marked({ filenode, changes }))).relations).toEqual([]);
    // The statistics system began anew.
    expect((await factsOf(session, policy, marked({ filenode, changes: 5000 }))).relations).toEqual([]);
    expect(names(await factsOf(session, policy, marked({ filenode, changes: 99 })))).toEqual(['events_1']);
    expect(names(await factsOf(session, policy, marked({ filenode: '1', changes })))).toEqual(['events_1']);
    expect((await factsOf(session, maintained('events', { freezeClosed: false }))).relations).toEqual([]);
  });
});
