import { readFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';
import { describe, expect, it } from 'vitest';
import { renderStep } from '../../src/ddl/render-step.ts';
import type { Lock } from '../../src/ddl/statement.ts';
import type { Step } from '../../src/plan/step.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { chosenMajor } from '../support/postgres-binaries.ts';
import {
  createDefault,
  createPartition,
  detachPartition,
  drainDefault,
  dropGuard,
  dropTable,
  finalizeDetach,
  named,
  oidOf,
} from '../support/steps.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const version = chosenMajor() * 10_000;
const ends = { references: [named('customer')], referencedBy: [named('refund')] };
const fallback = named('revenues_default');

/** Each row of docs/locks.md, as a step without and with foreign keys, on a table without and with a default partition. */
const scenarios: readonly { readonly name: string; readonly hasDefault: boolean; step(keys: typeof ends): Step }[] = [
  { name: 'create-partition', hasDefault: false, step: (keys) => createPartition({ ...keys, partition: named('fresh'), ...freshBound }) },
  {
    name: 'create-partition beside a default',
    hasDefault: true,
    step: (keys) =>
      createPartition({
        ...keys,
        partition: named('fresh'),
        ...freshBound,
        guard: { defaultPartition: fallback, constraint: 'partitiond_guard_1' },
      }),
  },
  { name: 'create-default', hasDefault: false, step: (keys) => createDefault(keys) },
  {
    name: 'drain-default',
    hasDefault: true,
    // Never planned where a foreign key refers to the table.
    step: ({ references }) => drainDefault({ references, referencedBy: [], partition: named('fresh'), ...freshBound }),
  },
  { name: 'detach-partition, concurrently', hasDefault: false, step: (keys) => detachPartition({ ...keys, moveTo: named('moved') }) },
  {
    name: 'detach-partition beside a default',
    hasDefault: true,
    step: (keys) => detachPartition({ ...keys, concurrently: false, defaultPartition: fallback, moveTo: named('moved') }),
  },
  { name: 'finalize-detach', hasDefault: false, step: (keys) => finalizeDetach({ ...keys, moveTo: named('moved') }) },
  { name: 'drop-table', hasDefault: false, step: ({ references }) => dropTable({ references }) },
  { name: 'drop-guard', hasDefault: true, step: () => dropGuard() },
];
const freshBound = { from: '2025-07-01 00:00:00+00', to: '2025-10-01 00:00:00+00' };
const noKeys = { references: [], referencedBy: [] };

describe('docs/locks.md', () => {
  it('says what the program prints, row by row', async () => {
    const page = await readFile(new URL('../../docs/locks.md', import.meta.url), 'utf8');
    const written = page.split('\n').filter((line) => /^\| ((create|drain|detach|finalize|drop)-(?!index))/.test(line));
    const printed = scenarios.flatMap(({ name, step }) =>
      rowsOf(name, renderStep(step(ends), 180000).locks, renderStep(step(noKeys), 180000).locks),
    );
    expect(written).toEqual(printed);
  });
});

const roles: readonly (readonly [relation: string, role: string])[] = [
  ['public.revenues', 'the partitioned table'],
  ['public.revenues_2025_q2', 'the partition'],
  ['public.revenues_default', 'the default partition'],
  ['public.customer', 'tables that it references'],
  ['public.refund', 'tables that reference it'],
];

function rowsOf(name: string, locks: readonly Lock[], without: readonly Lock[]): readonly string[] {
  return roles.flatMap(([relation, role]) => {
    const bare = without.filter((lock) => lock.relation === relation).map(({ mode }) => mode);
    const isEnd = role.startsWith('tables');
    const modes = locks
      .filter((lock) => lock.relation === relation)
      .map(({ mode }) => mode)
      .toSorted();
    const words = modes.map((mode) => (isEnd || bare.includes(mode) ? mode : `${mode} (with foreign keys)`));
    return words.length === 0 ? [] : [`| ${name} | ${role} | ${words.join(', ')} | ${name} |`];
  });
}

describe.each([
  ['without foreign keys', noKeys],
  ['with foreign keys at both ends', ends],
])('pg_locks of the open step equals its locks, mode by mode, %s', (_what, keys) => {
  it.each(scenarios)('$name', async ({ name, hasDefault, step: makeStep }) => {
    await using db = await createDatabase();
    await createTables(db, keys === ends, hasDefault, name === 'drain-default');
    const [watched, before] = [await db.client(), await tablesOf(db)];
    await prepare(db, name);
    const made = makeStep(keys);
    const step = made.kind === 'drop-table' ? { ...made, partitionOid: await oidOf(db, 'revenues_2025_q2') } : made;
    const look = await lookAt(db, watched, before);
    for (const batch of renderStep(step, version).batches) {
      if (batch.kind === 'alone') {
        await watchConcurrentDetach(db, watched, batch.statements[0]?.sql ?? '', keys === ends, look.now);
      } else {
        await watched.query('BEGIN');
        for (const { sql } of batch.statements) await watched.query(sql);
        await look.now();
        await watched.query('COMMIT');
      }
    }
    expect([...look.seen].toSorted()).toEqual(
      renderStep(step, version)
        .locks.map(({ relation, mode }) => `${relation} ${mode}`)
        .toSorted(),
    );
  });
});

async function createTables(db: TestDatabase, hasKeys: boolean, hasDefault: boolean, isUnreferenced: boolean): Promise<void> {
  const reference = hasKeys ? 'REFERENCES customer' : '';
  const referencing = hasKeys && !isUnreferenced ? ', FOREIGN KEY (id, at) REFERENCES revenues' : '';
  await db.query(`
    CREATE TABLE customer (id int PRIMARY KEY);
    CREATE TABLE revenues (id int NOT NULL, customer int ${reference}, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE revenues_2025_q2 PARTITION OF revenues FOR VALUES FROM ('2025-04-01 00:00:00+00') TO ('2025-07-01 00:00:00+00');
    CREATE TABLE refund (id int, at timestamptz ${referencing});
    CREATE INDEX refund_key ON refund (id, at)`);
  if (hasDefault) await db.query('CREATE TABLE revenues_default PARTITION OF revenues DEFAULT');
  if (isUnreferenced) await db.query(`INSERT INTO revenues (id, at) VALUES (1, '2025-08-01 00:00:00+00'), (2, '2026-08-01 00:00:00+00')`);
}

/** What has to have happened before the step. */
async function prepare(db: TestDatabase, name: string): Promise<void> {
  if (name === 'drop-guard') await db.query('ALTER TABLE revenues_default ADD CONSTRAINT partitiond_guard_1 CHECK (true) NOT VALID');
  if (name === 'drop-table') await db.query('ALTER TABLE revenues DETACH PARTITION revenues_2025_q2');
  if (name === 'finalize-detach') {
    const reader = await db.client();
    await reader.query('BEGIN; SELECT * FROM revenues');
    const interrupted = await db.client();
    await interrupted.query(`SET lock_timeout = '50ms'`);
    await expect(interrupted.query('ALTER TABLE revenues DETACH PARTITION revenues_2025_q2 CONCURRENTLY')).rejects.toMatchObject({
      code: '55P03',
    });
    await reader.query('ROLLBACK');
  }
}

interface Look {
  readonly seen: Set<string>;
  now(): Promise<void>;
}

/** Tables by oid with the names that they had before, as moved ones change theirs. */
async function tablesOf(db: TestDatabase): Promise<ReadonlyMap<string, string>> {
  const rows = await db.query<{ oid: string; name: string }>(
    `SELECT oid::text, 'public.' || relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace`,
  );
  return new Map(rows.map(({ oid, name }) => [oid, name]));
}

/** Collects what a second session sees of the watched one: held locks and the one it waits for. */
async function lookAt(db: TestDatabase, watched: ClientBase, before: ReadonlyMap<string, string>): Promise<Look> {
  const { rows } = await watched.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const seen = new Set<string>();
  return {
    seen,
    now: async () => {
      const locks = await db.query<{ oid: string; mode: string }>(
        `SELECT relation::text AS oid, mode FROM pg_locks WHERE locktype = 'relation' AND pid = $1`,
        [rows[0]?.pid],
      );
      for (const { oid, mode } of locks) if (before.has(oid)) seen.add(`${before.get(oid)} ${mode}`);
    },
  };
}

/**
 * The first transaction is seen while it waits for another session that holds the partition or, with foreign keys, an index that its last
 * check needs; the second while it waits for a reader of the partition or, with foreign keys, of the referencing table.
 */
async function watchConcurrentDetach(
  db: TestDatabase,
  watched: ClientBase,
  sql: string,
  hasKeys: boolean,
  look: () => Promise<void>,
): Promise<void> {
  const [first, second, third] = [await db.client(), await db.client(), await db.client()];
  await second.query('BEGIN; SELECT * FROM revenues LIMIT 0');
  if (hasKeys) await first.query(`BEGIN; ALTER INDEX refund_key SET TABLESPACE "${await db.createTablespace('other')}"`);
  else await first.query('BEGIN; LOCK TABLE revenues_2025_q2 IN SHARE UPDATE EXCLUSIVE MODE');
  const done = watched.query(sql);
  await waitForLockWaiter(db, ({ query, relation }) => query === sql && relation !== null);
  await look();
  await first.query('ROLLBACK');
  // Now it waits for the reader of the parent; the next obstacle is put in its way before that one goes.
  await waitForLockWaiter(db, ({ query, relation }) => query === sql && relation === null);
  await third.query(hasKeys ? 'BEGIN; LOCK TABLE refund IN ACCESS SHARE MODE' : 'BEGIN; LOCK TABLE revenues_2025_q2 IN ACCESS SHARE MODE');
  await second.query('ROLLBACK');
  await waitForLockWaiter(db, ({ query, relation, mode }) => query === sql && relation !== null && mode === 'AccessExclusiveLock');
  await look();
  await third.query('ROLLBACK');
  await done;
}
