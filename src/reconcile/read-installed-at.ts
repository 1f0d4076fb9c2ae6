import { readInstalledAt as readFromJournal } from '../journal/history.ts';
import { readJournalPlace } from '../journal/install.ts';
import type { EpochMicros } from '../partition/position.ts';
import type { Session } from '../postgres/session.ts';

/** When the journal was made; null when there is none. Reads only, and little: also where the history is out of reach. */
export async function readInstalledAt(session: Session, schema: string, signal: AbortSignal): Promise<EpochMicros | null> {
  const { isInstalled } = await readJournalPlace(session, schema, signal);
  return isInstalled ? await readFromJournal(session, schema, signal) : null;
}
