import type { EpochMicros } from '../partition/position.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { bigint, type RowDecoder, row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { qualify } from './qualify.ts';

/** Work on this database is paused; all replicas obey. */
export interface Pause {
  readonly reason: string;
  readonly by: string;
  readonly at: EpochMicros;
}

/** Pauses, or replaces the pause there is, and answers that one. The journal must be installed. */
export async function setPause(
  session: Session,
  schema: string,
  pause: { readonly reason: string; readonly by: string },
  signal: AbortSignal,
): Promise<Pause | null> {
  const upsert = namedSql(
    'set-pause',
    `WITH put AS (INSERT INTO ${qualify(schema, 'pause')} (reason, who) VALUES ($1, $2) ` +
      'ON CONFLICT (only_row) DO UPDATE SET reason = EXCLUDED.reason, who = EXCLUDED.who, paused_at = EXCLUDED.paused_at) ' +
      // Both parts see the table as it was before.
      selectPause(schema),
  );
  const [replaced] = await session.rows(upsert, [pause.reason, pause.by], decodePause, signal);
  return replaced ?? null;
}

/** Resumes; false when nothing was paused. */
export async function clearPause(session: Session, schema: string, signal: AbortSignal): Promise<boolean> {
  const remove = namedSql('clear-pause', `DELETE FROM ${qualify(schema, 'pause')} RETURNING who AS "who"`);
  return (await session.rows(remove, [], () => null, signal)).length > 0;
}

export function pauseSql(schema: string): NamedSql {
  return namedSql('read-pause', selectPause(schema));
}

function selectPause(schema: string): string {
  return /* sql */ `
    SELECT
      p.reason AS "reason",
      p.who AS "by",
      (EXTRACT(epoch FROM p.paused_at) * 1000000)::pg_catalog.int8 AS "at"
    FROM ${qualify(schema, 'pause')} AS p`;
}

export const decodePause: RowDecoder<Pause> = row<Pause>({ reason: text, by: text, at: bigint });
