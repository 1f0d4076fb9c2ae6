import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { bigint, boolean, number, row } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { mayLeadAfter } from './leadership.ts';
import { qualify } from './qualify.ts';

/** The first version of the journal that has what is read and written here. */
export const followingSince = 2;

/** How a configuration stands against the one that leads. */
export interface Standing {
  /** Of this very configuration; 0 when another one leads. */
  readonly generation: bigint;
  /** False when it was loaded before the one that leads was first led with. */
  readonly mayLead: boolean;
}

/** Null while nobody has ever led. The journal must have version `followingSince`. */
export async function readStanding(
  session: Session,
  schema: string,
  configuration: { readonly hash: string; readonly loadedAgoMs: number },
  signal: AbortSignal,
): Promise<Standing | null> {
  const parameters = [configuration.hash, configuration.loadedAgoMs / 1000];
  const [standing] = await session.rows(standingSql(schema), parameters, decodeStanding, signal);
  return standing ?? null;
}

/**
 * Draws the next free turn to try for the leadership, 3 s after the one drawn last, and answers the milliseconds until then; null, and
 * nothing is drawn, when the turns of the next 57 s have been drawn already. So all followers together try about once in 3 s. Throws
 * `StatementError` where the role may not write.
 */
export async function takeSlot(session: Session, schema: string, signal: AbortSignal): Promise<number | null> {
  const [slot] = await session.rows(slotSql(schema), [], decodeSlot, signal);
  return slot?.inMs ?? null;
}

function standingSql(schema: string): NamedSql {
  return namedSql(
    'read-standing',
    /* sql */ `
    SELECT
      CASE WHEN l.policy_hash = $1 THEN l.generation ELSE 0 END AS "generation",
      ${mayLeadAfter('$1', '$2')} AS "mayLead"
    FROM ${qualify(schema, 'leadership')} AS l`,
  );
}

const decodeStanding = row<Standing>({ generation: bigint, mayLead: boolean });

/**
 * A turn further ahead than can have been drawn comes from a clock that has been set back since. Nothing is lost with a turn that a crash
 * forgets, so the commit waits neither for the disk nor for a synchronous standby.
 */
function slotSql(schema: string): NamedSql {
  return namedSql(
    'take-follower-slot',
    /* sql */ `
    INSERT INTO ${qualify(schema, 'follower_slot')} AS s (next_at)
    VALUES (pg_catalog.clock_timestamp() + interval '3 s')
    ON CONFLICT (only_row) DO UPDATE SET
      next_at = CASE
        WHEN s.next_at > pg_catalog.clock_timestamp() + interval '70 s' THEN EXCLUDED.next_at
        ELSE GREATEST(s.next_at + interval '3 s', EXCLUDED.next_at)
      END
    WHERE s.next_at <= pg_catalog.clock_timestamp() + interval '57 s'
      OR s.next_at > pg_catalog.clock_timestamp() + interval '70 s'
    RETURNING
      EXTRACT(epoch FROM s.next_at - pg_catalog.clock_timestamp()) * 1000 AS "inMs",
      pg_catalog.set_config('synchronous_commit', 'off', true) AS "set"`,
  );
}

const decodeSlot = row<{ readonly inMs: number }>({ inMs: number });
