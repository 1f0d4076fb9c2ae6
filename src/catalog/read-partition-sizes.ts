import type { Session } from '../postgres/session.ts';
import { isLockFailure } from '../postgres/sqlstate.ts';
import { decodePartitionSizes, type PartitionSizesRow, partitionSizesSql } from './partition-sizes.sql.ts';

/** So many that the round trips do not count, so few that one lock in the way costs little. */
export const sizesBatch = 500;

/**
 * Exact sizes of partitions, by oid. Those that are locked away, or that somebody waits to lock, are absent, and so are all of a batch in which a
 * lock came twice between the look at pg_locks and the measuring. Throws as the session does.
 */
export async function readPartitionSizes(
  session: Session,
  oids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PartitionSizesRow>> {
  const sizes = new Map<string, PartitionSizesRow>();
  for (let start = 0; start < oids.length; start += sizesBatch) {
    for (const row of await readBatch(session, oids.slice(start, start + sizesBatch), signal)) sizes.set(row.oid, row);
  }
  return sizes;
}

/** A lock that came between the look at pg_locks and the measuring is seen by the second look; a batch that meets another one is left out. */
async function readBatch(session: Session, oids: readonly string[], signal: AbortSignal): Promise<readonly PartitionSizesRow[]> {
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    try {
      return await session.rows(partitionSizesSql, [oids], decodePartitionSizes, signal);
    } catch (error) {
      if (!isLockFailure(error)) throw error;
    }
  }
  return [];
}
