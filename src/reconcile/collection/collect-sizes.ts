import { readPartitionSizes, sizesBatch } from '../../catalog/read-partition-sizes.ts';
import type { PartitionedTable } from '../../partition/partition.ts';
import type { Session } from '../../postgres/session.ts';
import type { Collection } from './collection.ts';

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
    if (count < sizesBatch) continue;
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
  const sizes = await readPartitionSizes(session, oids, signal);
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
