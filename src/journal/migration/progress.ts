import { InvariantError } from '../../errors.ts';
import type { EpochMicros } from '../../partition/position.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { bigint, number, row } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import { qualify } from '../qualify.ts';

/** How far copy and verification are, as the journal has it; `recent` are the last `recentSeconds` of the phase. */
export interface CopyProgress {
  /** Clock of the database. */
  readonly now: EpochMicros;
  /** Of all sources; 0 until the copy was begun. */
  readonly blocks: number;
  readonly copiedBlocks: number;
  readonly copiedRows: number;
  readonly recentBlocks: number;
  readonly recentRows: number;
  /** Over how long the recent ones were copied; 0 without any. */
  readonly recentSeconds: number;
  /** Of the verification that is under way, or was the last. */
  readonly verifiedRows: number;
}

/** What a rate is taken of: long enough to be steady over pauses, short enough to follow brakes. */
const windowSeconds = 60;

export async function readCopyProgress(session: Session, schema: string, id: string, signal: AbortSignal): Promise<CopyProgress> {
  const decode = row<CopyProgress>({
    now: bigint,
    blocks: number,
    copiedBlocks: number,
    copiedRows: number,
    recentBlocks: number,
    recentRows: number,
    recentSeconds: number,
    verifiedRows: number,
  });
  const [progress] = await session.rows(progressSql(schema), [id], decode, signal);
  if (progress === undefined) throw new InvariantError('PD903', 'read-migration-progress returned no row');
  return progress;
}

function progressSql(schema: string): NamedSql {
  const at = (name: string): string => qualify(schema, name);
  return namedSql(
    'read-migration-progress',
    /* sql */ `
    WITH clock AS (SELECT pg_catalog.clock_timestamp() AS now),
    window_of AS (
      SELECT GREATEST(m.phase_at, clock.now - interval '${windowSeconds} seconds') AS since
      FROM ${at('migration')} AS m, clock
      WHERE m.id = $1::pg_catalog.int8
    ),
    copied AS (
      SELECT
        COALESCE(pg_catalog.sum(r.to_block - r.from_block), 0) AS blocks,
        COALESCE(pg_catalog.sum(r.rows), 0) AS rows,
        COALESCE(pg_catalog.sum(r.to_block - r.from_block) FILTER (WHERE r.copied_at > w.since), 0) AS recent_blocks,
        COALESCE(pg_catalog.sum(r.rows) FILTER (WHERE r.copied_at > w.since), 0) AS recent_rows
      FROM ${at('migration_range')} AS r
      LEFT JOIN window_of AS w ON true
      WHERE r.migration_id = $1::pg_catalog.int8
    )
    SELECT
      (EXTRACT(epoch FROM clock.now) * 1000000)::pg_catalog.int8 AS "now",
      (
        SELECT COALESCE(pg_catalog.sum(s.blocks), 0) FROM ${at('migration_source')} AS s WHERE s.migration_id = $1::pg_catalog.int8
      ) AS "blocks",
      copied.blocks AS "copiedBlocks",
      copied.rows AS "copiedRows",
      copied.recent_blocks AS "recentBlocks",
      copied.recent_rows AS "recentRows",
      CASE
        WHEN copied.recent_blocks = 0 THEN 0
        ELSE COALESCE((SELECT GREATEST(EXTRACT(epoch FROM clock.now - w.since), 0.001) FROM window_of AS w), 0)
      END AS "recentSeconds",
      (
        SELECT COALESCE(pg_catalog.sum(c.rows), 0) FROM ${at('migration_chunk')} AS c WHERE c.migration_id = $1::pg_catalog.int8
      ) AS "verifiedRows"
    FROM copied, clock`,
  );
}
