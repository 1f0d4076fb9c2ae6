import { isRangePartition, type PartitionedTable } from '../partition/partition.ts';

/**
 * The oid of the ordinary table with the highest lower bound: where the parent cannot hold a property, the latest decision of a person is
 * most likely to be seen there. Null when there is none.
 */
export function newestSibling({ partitions }: Pick<PartitionedTable, 'partitions'>): string | null {
  return (
    partitions.findLast((partition) => isRangePartition(partition) && partition.kind === 'table' && !partition.isDetachPending)?.oid ?? null
  );
}
