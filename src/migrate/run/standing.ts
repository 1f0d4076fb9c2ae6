import { isSaid } from '../../journal/migration/lease/asking.ts';
import { readHolders } from '../../journal/migration/lease/holders.ts';
import { leaseKey } from '../../journal/migration/lease/lease-key.ts';
import { endStopped } from '../../journal/migration/lease/stopped.ts';
import { readMigrations } from '../../journal/migration/records.ts';
import type { MigrationRecord } from '../../partition/migration/status.ts';
import type { Session } from '../../postgres/session.ts';

/** What a daemon sees of a migration before it opens an engine, and beside the one that it has open. */
export interface Standing {
  readonly session: Session;
  readonly journalSchema: string;
}

/** All migrations that were ever begun, the newest first; none where there is no journal. */
export async function readRecords({ session, journalSchema }: Standing, signal: AbortSignal): Promise<readonly MigrationRecord[]> {
  return await readMigrations(session, journalSchema, signal);
}

/** Whether a command of a person waits for that migration. */
export async function isAsked({ session, journalSchema }: Standing, id: string, signal: AbortSignal): Promise<boolean> {
  return await isSaid(session, journalSchema, id, 'asking', signal);
}

/** Whether another process runs it, or a command is about to. One that is stopped while its connections live is ended, and does not count. */
export async function isTaken(standing: Standing, id: string, signal: AbortSignal): Promise<boolean> {
  if (await isAsked(standing, id, signal)) return true;
  const { session, journalSchema } = standing;
  if ((await readHolders(session, leaseKey(journalSchema, id, 'coordinator'), signal)).length === 0) return false;
  return !(await endStopped(session, journalSchema, id, signal));
}
