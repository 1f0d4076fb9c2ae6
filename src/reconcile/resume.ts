import { readServerFacts } from '../catalog/read-server-facts.ts';
import { clearPause } from '../journal/pause.ts';
import { readJournal } from '../journal/read-journal.ts';
import type { DatabasePolicy } from '../partition/policy.ts';
import type { Clock } from '../postgres/clock.ts';
import type { Session } from '../postgres/session.ts';
import { assertUsableServer } from './assert-usable-server.ts';

/** Ends the pause of a database; false when nothing was paused. A missing journal is left missing. Throws as `pauseDatabase` does. */
export async function resumeDatabase(session: Session, database: DatabasePolicy, clock: Clock, signal: AbortSignal): Promise<boolean> {
  assertUsableServer(await readServerFacts(session, clock, signal), 'apply', database.name);
  const journal = await readJournal(session, database.journalSchema, signal);
  return journal.pause !== null && (await clearPause(session, database.journalSchema, signal));
}
