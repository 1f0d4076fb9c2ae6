import { setTimeout as delay } from 'node:timers/promises';
import type { TestDatabase } from '../database.ts';
import { old, source, target } from './crash/kinds.ts';

export interface LockPlan {
  readonly steps: readonly { readonly number: number; readonly locks: readonly { readonly relation: string; readonly mode: string }[] }[];
}

/** Sources: postgresql.org/docs/18/explicit-locking.html; a mode is worth all those that are left of it here, but for the pair in the middle. */
const modes = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];
const covers = (mode: string, other: string): boolean =>
  modes.indexOf(mode) >= modes.indexOf(other) && !(mode === 'ShareLock' && other === 'ShareUpdateExclusiveLock');

/** Locks of the program's sessions on relations of the application and on the target, by table: of an index its own, of a partition its parent's. */
async function readLocks(database: TestDatabase): Promise<readonly { readonly relation: string; readonly mode: string }[]> {
  return await database.query<{ relation: string; mode: string }>(`
    SELECT DISTINCT 'public.' || coalesce(parent.relname, t.relname) AS relation, l.mode
    FROM pg_locks AS l
    JOIN pg_stat_activity AS a ON a.pid = l.pid AND a.application_name LIKE 'partitiond:%'
    JOIN pg_class AS c ON c.oid = l.relation AND c.relnamespace = 'public'::regnamespace
    LEFT JOIN pg_index AS x ON x.indexrelid = c.oid
    JOIN pg_class AS t ON t.oid = coalesce(x.indrelid, c.oid)
    LEFT JOIN pg_inherits AS i ON i.inhrelid = t.oid
    LEFT JOIN pg_class AS parent ON parent.oid = i.inhparent
    WHERE l.locktype = 'relation' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
}

/** Looks for a while at what the program has locked, and names what no step of these tells. */
export async function unplannedLocks(database: TestDatabase, { steps }: LockPlan, numbers: readonly number[]): Promise<readonly string[]> {
  const told = steps.filter(({ number }) => numbers.includes(number)).flatMap(({ locks }) => locks);
  // A rollback has the locks of the switch; the table that follows is called otherwise by then.
  const planned = numbers.includes(8)
    ? [...told, ...told.map((lock) => (lock.relation === target ? { ...lock, relation: old } : lock))]
    : told;
  // Until capture is there, nobody but the program can have any use for the target.
  const isOurs = (relation: string): boolean => numbers.some((number) => number < 3) && relation === target;
  const found = new Set<string>();
  for (let look = 0; look < 15; look += 1) {
    for (const { relation, mode } of await readLocks(database)) {
      const isTold = planned.some((lock) => lock.relation === relation && covers(lock.mode, mode));
      if (!isTold && !isOurs(relation)) found.add(`step ${numbers.join()}: ${mode} on ${relation}`);
    }
    await delay(10);
  }
  return [...found];
}

/** Somebody who reads the table all the time, and his errors. */
export async function startReader(
  database: TestDatabase,
  budgetMs: number,
): Promise<{ readonly errors: readonly string[]; stop(): Promise<void> }> {
  const client = await database.client({ applicationName: 'reader' });
  await client.query(`SET statement_timeout = ${budgetMs}`);
  const errors: string[] = [];
  const state = { isStopping: false };
  const reading = (async () => {
    while (!state.isStopping) {
      try {
        await client.query(`SELECT count(*) FROM ${source} WHERE id = 17`);
      } catch (error) {
        errors.push(String(error));
      }
      await delay(10);
    }
  })();
  return {
    errors,
    stop: async () => {
      state.isStopping = true;
      await reading;
      await client.end();
    },
  };
}
