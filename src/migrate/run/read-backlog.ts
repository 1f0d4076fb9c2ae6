import { qualify } from '../../journal/qualify.ts';
import type { EpochMicros } from '../../partition/position.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { number, row } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';

export interface Backlog {
  readonly rows: number;
  /** Null: nothing is unreplayed, or the server does not tell. */
  readonly oldestAt: EpochMicros | null;
}

/** Entries of the log that this snapshot shows; none where there is no log. */
export async function readBacklogOf(session: Session, schema: string, id: string, hasLog: boolean, signal: AbortSignal): Promise<Backlog> {
  if (!hasLog) return { rows: 0, oldestAt: null };
  const count = namedSql('count-captured', `SELECT pg_catalog.count(*) AS "rows" FROM ${qualify(schema, `capture_${BigInt(id)}`)}`);
  const [answer] = await session.rows(count, [], row<{ rows: number }>({ rows: number }), signal);
  return { rows: answer?.rows ?? 0, oldestAt: null };
}
