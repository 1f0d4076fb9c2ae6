import type { Session } from '../postgres/session.ts';
import { isLockFailure } from '../postgres/sqlstate.ts';
import { decodeRelationSize, type RelationSizeRow, relationSizesSql } from './relation-sizes.sql.ts';

const attempts = 3;

/**
 * Size, privilege and index of partitions, by oid, in one query; `keys` are the names of their key columns, aligned. A lock can be taken
 * between the look at pg_locks and the measuring: then `lock_timeout` ends the query and it looks again, up to three times, after which
 * the answer is empty and everything counts as unknown.
 */
export async function readRelationSizes(
  session: Session,
  oids: readonly string[],
  keys: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RelationSizeRow>> {
  if (oids.length === 0) return new Map();
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      const rows = await session.rows(relationSizesSql, [oids, keys], decodeRelationSize, signal);
      return new Map(rows.map((row) => [row.oid, row]));
    } catch (error) {
      if (!isLockFailure(error)) throw error;
    }
  }
  return new Map();
}
