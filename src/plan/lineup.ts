import { isRangePartition, type Partition, type PartitionedTable, type RangePartition } from '../partition/partition.ts';
import { compareEdges, isPosition, type Position } from '../partition/position.ts';

/** A stretch between two neighbouring partitions that belongs to none. Half-open like every range, never empty. */
export interface Hole {
  readonly from: Position;
  readonly to: Position;
}

/** A partition whose bound could not be read, with the reason as a sentence. */
export interface UnreadablePartition {
  readonly partition: Partition;
  readonly reason: string;
}

/** The partitions of one table, sorted out: what every decision starts from. */
export interface Lineup {
  /** All readable ranges by lower bound: sub-partitioned, foreign and pending ones included. */
  readonly ranges: readonly RangePartition[];
  readonly defaultPartition: Partition | null;
  /** Detaches that were interrupted, by name, whatever their bound. */
  readonly pending: readonly Partition[];
  readonly unreadable: readonly UnreadablePartition[];
  /** Between neighbours only, ascending; what lies before the first and after the last range is no hole. */
  readonly holes: readonly Hole[];
  /** Neighbours that overlap. PostgreSQL allows none, so the bounds cannot be trusted where there are some. */
  readonly overlapping: readonly (readonly [RangePartition, RangePartition])[];
}

/**
 * Sorts out `table.partitions`, in whatever order they come. Reads every bound once and sorts only when the reader has not, so that a
 * table of 100,000 partitions costs one pass. Pure, throws nothing.
 */
export function lineUp(table: PartitionedTable): Lineup {
  const found = table.partitions.filter(isRangePartition);
  const ranges = isSorted(found) ? found : found.toSorted(byLowerBound);
  const rest = ranges.length === table.partitions.length ? [] : table.partitions.filter((partition) => partition.bound.kind !== 'range');
  return {
    ranges,
    defaultPartition: rest.find((partition) => partition.bound.kind === 'default') ?? null,
    pending: table.partitions.filter((partition) => partition.isDetachPending).toSorted(byName),
    unreadable: rest.flatMap(unreadable).toSorted((a, b) => byName(a.partition, b.partition)),
    ...compareNeighbours(ranges),
  };
}

function isSorted(ranges: readonly RangePartition[]): boolean {
  let previous: RangePartition | undefined;
  for (const range of ranges) {
    if (previous !== undefined && byLowerBound(previous, range) > 0) return false;
    previous = range;
  }
  return true;
}

function compareNeighbours(ranges: readonly RangePartition[]): Pick<Lineup, 'holes' | 'overlapping'> {
  const holes: Hole[] = [];
  const overlapping: [RangePartition, RangePartition][] = [];
  let furthest: RangePartition | undefined;
  for (const range of ranges) {
    if (furthest !== undefined) {
      const { to } = furthest.bound;
      const { from } = range.bound;
      if (from < to) overlapping.push([furthest, range]);
      else if (isPosition(to) && isPosition(from) && to < from) holes.push({ from: to, to: from });
    }
    if (furthest === undefined || range.bound.to > furthest.bound.to) furthest = range;
  }
  return { holes, overlapping };
}

function unreadable(partition: Partition): UnreadablePartition[] {
  return partition.bound.kind === 'unreadable' ? [{ partition, reason: partition.bound.reason }] : [];
}

/** Equal bounds are impossible among attached partitions; the names keep even a broken snapshot in one order. */
function byLowerBound(a: RangePartition, b: RangePartition): number {
  return compareEdges(a.bound.from, b.bound.from) || compareEdges(a.bound.to, b.bound.to) || byName(a, b);
}

function byName(a: Partition, b: Partition): number {
  return compareText(a.name.schema, b.name.schema) || compareText(a.name.name, b.name.name);
}

/** By code units: `localeCompare` would depend on the machine. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
