import type { Session } from '../../postgres/session.ts';
import type { ServerIdentity } from '../election/leadership.sql.ts';

/** What the runs of one term have to know of it. */
export interface TermFacts {
  /** SQL that raises unless this epoch is current; run first in every writing transaction. */
  readonly guardSql: string;
  /** The server and database that are led: a run that arrives at another one must not write there. */
  readonly identity: ServerIdentity;
  /** The session that holds the lock of leadership; lives as long as the term. Only for short statements, as the lock is confirmed there. */
  readonly lockSession: Session;
  /** Of the whole term, unlike that of a run: what is asked on `lockSession` is cancelled only with it, as a cancellation may cost the lock. */
  readonly termSignal: AbortSignal;
}
