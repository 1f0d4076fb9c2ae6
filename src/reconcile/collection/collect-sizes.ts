import { decodePartitionSizes, type PartitionSizesRow, partitionSizesSql } from '../../catalog/partition-sizes.sql.ts';
import type { PartitionedTable } from '../../partition/partition.ts';
import type { Session } from '../../postgres/session.ts';
import { isLockFailure } from '../../postgres/sqlstate.ts';
import type { Collection } from './collection.ts';

/** So many that the round trips do not count, so few that one lock in the way costs little. */
const batchSize = 500;

/**
 * Exact sizes of all partitions of `tables` that `collection` knows, or of those alone that were never measured (`which`). A partition that is locked away, or came later, keeps what it had.
 */
export async function collectSizes(
  session: Session,
  tables: readonly PartitionedTable[],
  collection: Collection,
  signal: AbortSignal,
  which: 'all' | 'new' = 'all',
): Promise<void> {
  let group: PartitionedTable[] = [];
  let count = 0;
  for (const table of tables) {
    group.push(table);
    count += collection.of(table).partitions.size;
    if (count < batchSize) continue;
    await measureGroup(session, group, collection, signal, which);
    [group, count] = [[], 0];
  }
  await measureGroup(session, group, collection, signal, which);
}

/** A few tables at a time: with 100,000 partitions measured before the first is noted, memory would double and nobody else have a turn. */
async function measureGroup(
  session: Session,
  tables: readonly PartitionedTable[],
  collection: Collection,
  signal: AbortSignal,
  which: 'all' | 'new',
): Promise<void> {
  const oids = tables.flatMap((table) => {
    const measured = collection.measured.get(table.oid);
    return [...collection.of(table).partitions.keys()].filter((oid) => which === 'all' || measured?.has(oid) !== true);
  });
  const sizes = new Map<string, PartitionSizesRow>();
  for (let start = 0; start < oids.length; start += batchSize) {
    for (const row of await readBatch(session, oids.slice(start, start + batchSize), signal)) sizes.set(row.oid, row);
  }
  for (const table of tables) {
    const partitions = new Map(collection.of(table).partitions);
    const before = collection.measured.get(table.oid);
    const measured = new Set<string>();
    for (const [oid, known] of partitions) {
      if (sizes.has(oid) || before?.has(oid) === true) measured.add(oid);
      const size = sizes.get(oid);
      if (size === undefined) continue;
      const { heapBytes, indexBytes, toastBytes } = size;
      partitions.set(oid, { ...known, heapBytes, indexBytes, toastBytes });
    }
    collection.learn(table, { partitions });
    collection.measured.set(table.oid, measured);
  }
}

/**
 * A lock that came between the look at pg_locks and the measuring is seen by the second look; a batch that meets another one is left out.
 */
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
