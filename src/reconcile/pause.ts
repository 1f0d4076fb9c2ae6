import { readServerFacts } from '../catalog/read-server-facts.ts';
import { installJournal } from '../journal/install.ts';
import { type Pause, setPause } from '../journal/pause.ts';
import type { DatabasePolicy } from '../partition/policy.ts';
import type { Clock } from '../postgres/clock.ts';
import type { Session } from '../postgres/session.ts';
import { assertUsableServer } from './assert-usable-server.ts';

/**
 * Pauses a database for every partitiond that works on it, or replaces the pause there is, and answers that one; installs the journal when it
 * is missing. Throws `ConfigError` below PostgreSQL 14 and `StatementError` on a standby or without the privilege.
 */
export async function pauseDatabase(
  session: Session,
  database: DatabasePolicy,
  pause: { readonly reason: string; readonly by: string },
  clock: Clock,
  signal: AbortSignal,
): Promise<Pause | null> {
  assertUsableServer(await readServerFacts(session, clock, signal), 'apply', database.name);
  await installJournal(session, database.journalSchema, signal);
  return await setPause(session, database.journalSchema, pause, signal);
}
