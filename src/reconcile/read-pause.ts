import { StatementError } from '../errors.ts';
import { decodePause, pauseSql } from '../journal/pause.ts';
import { readJournal } from '../journal/read-journal.ts';
import type { Session } from '../postgres/session.ts';

/**
 * Why work on this database is paused; null when it is not. Reads only, in one query: the run that follows reads the rest of the journal.
 * Where that query fails, `readJournal` knows whether there is no journal or what the role lacks.
 */
export async function readPause(
  session: Session,
  schema: string,
  signal: AbortSignal,
): Promise<{ readonly reason: string; readonly by: string } | null> {
  try {
    const [pause] = await session.rows(pauseSql(schema), [], decodePause, signal);
    return pause ?? null;
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    return (await readJournal(session, schema, signal)).pause;
  }
}
