import { readJournal } from '../journal/read-journal.ts';
import type { Session } from '../postgres/session.ts';

/** Why work on this database is paused; null when it is not. Reads only. */
export async function readPause(
  session: Session,
  schema: string,
  signal: AbortSignal,
): Promise<{ readonly reason: string; readonly by: string } | null> {
  return (await readJournal(session, schema, signal)).pause;
}
