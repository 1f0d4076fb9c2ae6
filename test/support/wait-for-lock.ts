import type { TestDatabase } from './database.ts';
import { type WaitOptions, waitFor } from './wait-for.ts';

/** A lock request that is not granted. */
export interface WaitingLock {
  readonly pid: number;
  readonly applicationName: string;
  readonly relation: string | null;
  readonly mode: string;
  readonly query: string;
}

const waitingLocksSql = /* sql */ `
  SELECT
    l.pid AS "pid",
    a.application_name AS "applicationName",
    l.relation::pg_catalog.regclass::pg_catalog.text AS "relation",
    l.mode AS "mode",
    a.query AS "query"
  FROM pg_catalog.pg_locks AS l
  JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
  WHERE NOT l.granted
    AND a.datname = pg_catalog.current_database()`;

/** Waits until a session of this database that `matches` waits for a lock; by default any session does. */
export async function waitForLockWaiter(
  database: TestDatabase,
  matches: (lock: WaitingLock) => boolean = () => true,
  options: WaitOptions = {},
): Promise<WaitingLock> {
  const look = async () => (await database.query<WaitingLock & Record<string, unknown>>(waitingLocksSql)) as readonly WaitingLock[];
  const seen = await waitFor('a session that waits for a lock', look, (locks) => locks.some(matches), options);
  const found = seen.find(matches);
  if (found === undefined) throw new Error('unreachable: the waiting lock was just seen');
  return found;
}
