import { decodePause, type Pause, pauseSql } from '../../journal/pause.ts';
import type { Session } from '../../postgres/session.ts';

/** Who has paused work on this database; null: nobody. The journal must be there. */
export async function readPause(session: Session, schema: string, signal: AbortSignal): Promise<Pause | null> {
  const [pause] = await session.rows(pauseSql(schema), [], decodePause, signal);
  return pause ?? null;
}
