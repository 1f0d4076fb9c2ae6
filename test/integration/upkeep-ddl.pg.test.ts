import { readFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';
import { describe, expect, it } from 'vitest';
import { renderStep } from '../../src/ddl/render-step.ts';
import type { Lock } from '../../src/ddl/statement.ts';
import { formatQualifiedName, type QualifiedName } from '../../src/partition/qualified-name.ts';
import type { UpkeepStep } from '../../src/plan/step.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { chosenMajor } from '../support/postgres-binaries.ts';
import { named } from '../support/steps.ts';
import { analyze, attachIndex, createIndex, dropIndex, expressionIndex, reindex, vacuum } from '../support/upkeep-steps.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const version = chosenMajor() * 10_000;
const parent = named('revenues');

/**
 * One after the other, what the command is made to wait for, so that it can be looked at in each of its transactions. lock: somebody holds
 * SHARE UPDATE EXCLUSIVE on the partition. writer, reader: a transaction that has used it. snapshot: one that has not, but is older. build: the
 * index's expression waits. sample: that of extended statistics of the partitioned table does. pin: a cursor stands on the page that must be
 * frozen. partition: somebody holds the partition exclusively. end: an event trigger waits, in the last transaction, with all locks of the command.
 */
type Obstacle = 'lock' | 'writer' | 'reader' | 'snapshot' | 'build' | 'sample' | 'pin' | 'partition' | 'end';

interface Scenario {
  readonly name: string;
  readonly step: UpkeepStep;
  readonly obstacles: readonly Obstacle[];
  /** Locks on tables that the step does not name; they are told in words below the table of docs/locks.md. */
  readonly others?: readonly string[];
  /** What has to have happened before. */
  readonly before?: string;
}

const partitionIndexes = 'CREATE INDEX revenues_2025_q2_i ON revenues_2025_q2 (parked(id))';
const whole = 'CREATE INDEX i ON ONLY revenues (parked(id))';

/** Each row of docs/locks.md for steps of upkeep. */
const scenarios: readonly Scenario[] = [
  { name: 'vacuum', step: vacuum({ freeze: true, analyze: true }), obstacles: ['pin', 'build'], before: partitionIndexes },
  { name: 'analyze', step: analyze(), obstacles: ['build'], before: partitionIndexes },
  {
    name: 'analyze of the partitioned table',
    step: analyze({ partition: parent, isParent: true }),
    obstacles: ['partition', 'sample', ...(version < 180000 ? ['build' as const] : [])],
    before: `${partitionIndexes}; CREATE STATISTICS s ON (parked(id, 3)), at FROM revenues`,
    others: [
      'public.revenues_2025_q2 AccessShareLock',
      'public.revenues_2025_q3 AccessShareLock',
      ...(version < 180000 ? ['public.revenues_2025_q2 ShareUpdateExclusiveLock'] : []),
    ],
  },
  {
    name: 'reindex',
    step: reindex(),
    obstacles: ['lock', 'writer', 'build', 'writer', 'snapshot', 'reader', ...(version < 170000 ? [] : ['end' as const])],
    before: partitionIndexes,
  },
  { name: 'create-index, only', step: createIndex({ how: 'only', partition: parent, index: named('i') }), obstacles: [] },
  {
    name: 'create-index, concurrently',
    step: createIndex({ definition: expressionIndex('parked(id)') }),
    obstacles: ['lock', 'writer', 'build', 'writer', 'snapshot', 'end'],
  },
  { name: 'attach-index', step: attachIndex(), obstacles: [], before: `${whole}; ${partitionIndexes}` },
  {
    name: 'drop-index, concurrently',
    step: dropIndex(),
    obstacles: ['lock', 'reader', 'reader', 'end'],
    before: partitionIndexes,
  },
  {
    name: 'drop-index of the partitioned table',
    step: dropIndex({ partition: parent, index: named('i'), concurrently: false }),
    obstacles: [],
    before: `${whole}; ${partitionIndexes}; ALTER INDEX i ATTACH PARTITION revenues_2025_q2_i`,
    others: ['public.revenues_2025_q2 AccessExclusiveLock', 'public.revenues_2025_q3 AccessExclusiveLock'],
  },
];

describe('docs/locks.md', () => {
  it('says what the program prints of upkeep, row by row', async () => {
    const page = await readFile(new URL('../../docs/locks.md', import.meta.url), 'utf8');
    const written = page.split('\n').filter((line) => /^\| (vacuum|analyze|reindex|[a-z]+-index)\b/.test(line));
    expect(written).toEqual(scenarios.flatMap(({ name, step }) => rowsOf(name, step, renderStep(step, 180000).locks)));
  });
});

function rowsOf(name: string, step: UpkeepStep, locks: readonly Lock[]): readonly string[] {
  const roles: readonly (readonly [QualifiedName, string])[] = [
    [parent, 'the partitioned table'],
    [named('revenues_2025_q2'), 'the partition'],
    ...('parentIndex' in step ? [[step.parentIndex, 'the index of the partitioned table'] as const] : []),
    ...('index' in step ? [[step.index, 'the index'] as const] : []),
  ];
  return roles.flatMap(([relation, role]) => {
    const modes = locks.filter((lock) => lock.relation === formatQualifiedName(relation)).map(({ mode }) => mode);
    return modes.length === 0 ? [] : [`| ${name} | ${role} | ${modes.toSorted().join(', ')} | ${name} |`];
  });
}

describe('pg_locks of the open step equals its locks, mode by mode, while readers and writers of the partition go on', () => {
  it.each(scenarios)('$name', async ({ name, step, obstacles, others = [], before = '' }) => {
    await using db = await createDatabase();
    await createTables(db);
    await db.query(before);
    const watched = await db.client({ applicationName: 'watched' });
    const look = await lookAt(db, watched, step);
    const rendered = renderStep(step, version);
    for (const { kind, statements } of rendered.batches) {
      if (kind === 'transaction') {
        await watched.query('BEGIN');
        for (const { sql } of statements) await watched.query(sql);
        await look.now();
        await watched.query('COMMIT');
      } else {
        await passObstacles(db, watched, statements[0]?.sql ?? '', obstacles, async () => {
          await look.now();
          if (name !== 'analyze of the partitioned table') await expectApplicationGoesOn(db);
        });
      }
    }
    const printed = rendered.locks.map(({ relation, mode }) => `${relation} ${mode}`);
    expect([...look.seen].toSorted()).toEqual([...printed, ...others].toSorted());
  });
});

async function createTables(db: TestDatabase): Promise<void> {
  await db.query(`
    CREATE TABLE revenues (id int NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE revenues_2025_q2 PARTITION OF revenues FOR VALUES FROM ('2025-04-01 00:00:00+00') TO ('2025-07-01 00:00:00+00');
    CREATE TABLE revenues_2025_q3 PARTITION OF revenues FOR VALUES FROM ('2025-07-01 00:00:00+00') TO ('2025-10-01 00:00:00+00');
    INSERT INTO revenues SELECT n, timestamptz '2025-05-01 00:00:00+00' FROM generate_series(1, 3) AS n;
    CREATE FUNCTION parked(id int, gate int DEFAULT 1) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
      BEGIN
        IF pg_catalog.current_setting('application_name') = 'watched' THEN PERFORM pg_catalog.pg_advisory_xact_lock_shared(gate); END IF;
        RETURN id;
      END $$;
    CREATE FUNCTION park_end() RETURNS event_trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF pg_catalog.current_setting('application_name') = 'watched' THEN PERFORM pg_catalog.pg_advisory_xact_lock_shared(2); END IF;
      END $$;
    CREATE EVENT TRIGGER at_end ON ddl_command_end EXECUTE FUNCTION park_end()`);
}

interface Look {
  readonly seen: Set<string>;
  now(): Promise<void>;
}

/** Collects what a second session sees of the watched one: held locks and the one it waits for, on tables and on indexes that the step names. */
async function lookAt(db: TestDatabase, watched: ClientBase, step: UpkeepStep): Promise<Look> {
  const indexes = ['index' in step ? step.index.name : '', 'parentIndex' in step ? step.parentIndex.name : ''];
  const rows = await db.query<{ oid: string; name: string }>(
    `SELECT oid::text, 'public.' || relname AS name FROM pg_class
     WHERE (relkind IN ('r', 'p') OR relkind IN ('i', 'I') AND relname = ANY ($1)) AND relnamespace = 'public'::regnamespace`,
    [indexes],
  );
  const before = new Map(rows.map(({ oid, name }) => [oid, name]));
  const pid = (await watched.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
  const seen = new Set<string>();
  return {
    seen,
    now: async () => {
      const locks = await db.query<{ oid: string; mode: string }>(
        `SELECT relation::text AS oid, mode FROM pg_locks WHERE locktype = 'relation' AND pid = $1`,
        [pid],
      );
      for (const { oid, mode } of locks) if (before.has(oid)) seen.add(`${before.get(oid)} ${mode}`);
    },
  };
}

const gateKeys: ReadonlyMap<Obstacle, number> = new Map([
  ['build', 1],
  ['end', 2],
  ['sample', 3],
]);

/** Puts each obstacle in the way before the one before it goes, so that the command cannot get past unseen. */
async function passObstacles(
  db: TestDatabase,
  watched: ClientBase,
  sql: string,
  obstacles: readonly Obstacle[],
  look: () => Promise<void>,
): Promise<void> {
  const gates = await db.client();
  for (const [obstacle, key] of gateKeys) if (obstacles.includes(obstacle)) await gates.query(`SELECT pg_advisory_lock(${key})`);
  let leave = await putInTheWay(db, gates, obstacles[0]);
  const done = watched.query(sql);
  // Where a wait below fails, that is what the test says.
  done.catch(() => undefined);
  for (const [index, obstacle] of obstacles.entries()) {
    await waitUntilParked(db, sql, obstacle);
    await look();
    const leaveNext = await putInTheWay(db, gates, obstacles[index + 1]);
    await leave();
    leave = leaveNext;
  }
  await done;
}

async function putInTheWay(db: TestDatabase, gates: ClientBase, obstacle: Obstacle | undefined): Promise<() => Promise<void>> {
  if (obstacle === undefined) return async () => undefined;
  const key = gateKeys.get(obstacle);
  if (key !== undefined) return async () => void (await gates.query(`SELECT pg_advisory_unlock(${key})`));
  if (obstacle === 'pin') await waitUntilAllMustBeFrozen(db);
  const holder = await db.client();
  await holder.query(
    (
      {
        lock: 'BEGIN; LOCK TABLE revenues_2025_q2 IN SHARE UPDATE EXCLUSIVE MODE',
        partition: 'BEGIN; LOCK TABLE revenues_2025_q2 IN ACCESS EXCLUSIVE MODE',
        writer: `BEGIN; INSERT INTO revenues VALUES (1, '2025-05-01 00:00:00+00')`,
        reader: 'BEGIN; SELECT FROM revenues_2025_q2',
        snapshot: 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1',
        pin: 'BEGIN; DECLARE stands CURSOR FOR SELECT FROM revenues_2025_q2; FETCH 1 FROM stands',
      } as Partial<Record<Obstacle, string>>
    )[obstacle] ?? '',
  );
  return async () => void (await holder.query('COMMIT'));
}

/** A row that some transaction of this server, of another test perhaps, could not have seen is not frozen, and its page not waited for. */
async function waitUntilAllMustBeFrozen(db: TestDatabase): Promise<void> {
  const look = () =>
    db.query<{ isOld: boolean }>(
      `SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > max(xmin::text::bigint) AS "isOld" FROM revenues_2025_q2`,
    );
  await waitFor('transactions of others to end', look, ([row]) => row?.isOld === true, { timeoutMs: 40_000 });
}

async function waitUntilParked(db: TestDatabase, sql: string, obstacle: Obstacle): Promise<void> {
  if (obstacle === 'pin') {
    const look = () => db.query<{ event: string | null }>('SELECT wait_event_type AS event FROM pg_stat_activity WHERE query = $1', [sql]);
    await waitFor('VACUUM to wait for a page', look, (rows) => rows.some(({ event }) => event === 'BufferPin'));
    return;
  }
  const onRelation = obstacle === 'lock' || obstacle === 'partition';
  await waitForLockWaiter(db, ({ query, relation }) => query === sql && (relation !== null) === onRelation);
}

async function expectApplicationGoesOn(db: TestDatabase): Promise<void> {
  const application = await db.client();
  await application.query(`SET lock_timeout = '5s'`);
  await application.query(`INSERT INTO revenues VALUES (7, '2025-06-01 00:00:00+00')`);
  await application.query(`UPDATE revenues SET id = id + 1 WHERE id = 7`);
  await application.query('SELECT FROM revenues');
}
