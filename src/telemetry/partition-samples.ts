import type { Partition, PartitionedTable } from '../partition/partition.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Coverage } from '../plan/coverage.ts';
import type { TableStatistics } from '../reconcile/table-statistics.ts';
import type { Labels, Sample } from './metric-store.ts';

/** Takes the place of all partitions without series of their own, so that the sum over `partition` stays the table's. */
const otherPartitions = '_other';

/**
 * Sizes and rows of `count` partitions: the current one, the next, the default and held ones, then the largest. Sizes are exact
 * where the collection read them, else estimates of the catalog. Pure; the order of `table.partitions` does not matter.
 */
export function partitionSamples(
  identity: Labels,
  table: PartitionedTable,
  coverage: Coverage | null,
  statistics: TableStatistics | null,
  count: number,
): readonly Sample[] {
  const measured = table.partitions.map((partition) => measure(partition, statistics));
  const special = new Set([coverage?.current, coverage?.future[0], ...(coverage?.held ?? [])].map((partition) => partition?.oid));
  const rank = (item: Measured): number => (special.has(item.partition.oid) || item.partition.bound.kind === 'default' ? 0 : 1);
  const ordered = measured.toSorted((a, b) => rank(a) - rank(b) || b.bytes - a.bytes || compareOids(a.partition, b.partition));
  const rest = ordered.slice(count);
  return [
    ...ordered.slice(0, count).flatMap((item) => series(identity, partitionLabel(item.partition, table), item.bytes, item.rows)),
    ...series(
      identity,
      otherPartitions,
      total(rest, (item) => item.bytes),
      total(rest, (item) => item.rows),
    ),
  ];
}

interface Measured {
  readonly partition: Partition;
  readonly bytes: number;
  readonly rows: number;
}

function measure(partition: Partition, statistics: TableStatistics | null): Measured {
  const exact = statistics?.partitions.get(partition.oid);
  const bytes = exact === undefined ? partition.estimatedBytes : exact.heapBytes + exact.indexBytes + exact.toastBytes;
  return { partition, bytes, rows: Math.max(partition.estimatedRows, 0) };
}

function series(identity: Labels, partition: string, bytes: number, rows: number): readonly Sample[] {
  const labels = { ...identity, partition };
  return [
    { name: 'partition_size_bytes', labels, value: bytes },
    { name: 'partition_rows', labels, value: rows },
  ];
}

/** The bare name in the table's own schema, the qualified one elsewhere: unique within the table. */
function partitionLabel(partition: Partition, table: PartitionedTable): string {
  return partition.name.schema === table.name.schema ? partition.name.name : formatQualifiedName(partition.name);
}

function compareOids(a: Partition, b: Partition): number {
  return a.oid.length - b.oid.length || (a.oid < b.oid ? -1 : 1);
}

function total(items: readonly Measured[], value: (item: Measured) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}
