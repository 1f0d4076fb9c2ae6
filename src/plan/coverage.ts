import type { PartitionedTable, RangePartition } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { contains, type Edge, type EpochMicros, isPosition, overlaps, type Position } from '../partition/position.ts';
import { lineUp } from './lineup.ts';

/** How far the partitions of one table reach at one moment. All ranges half-open; pending detaches cover nothing, as they take no writes. */
export interface Coverage {
  /** What counts as now: the clock for time keys; the newest key, else the policy's start, else the first bound for integer ones. */
  readonly position: Position | null;
  /** The partition that holds `position`; null when none does. */
  readonly current: RangePartition | null;
  /** Partitions wholly after the current one, or after `position` where it is not covered; by lower bound. */
  readonly future: readonly RangePartition[];
  /** End of the coverage without a gap from `position` on, MAXVALUE when it never ends; null when `position` is not covered. */
  readonly end: Edge | null;
  /** Future partitions before `end`: how many intervals are left. */
  readonly headroom: number;
  /** Missing ranges between the first and the last partition. */
  readonly gaps: number;
  /** Attached ranges under a hold; by lower bound. */
  readonly held: readonly RangePartition[];
  /** Upper bound of the oldest attached range that is neither held nor the last one; null when there is none. */
  readonly oldestEnd: Position | null;
}

/**
 * Answers for the snapshot `table` at `now` (microseconds since 1970 UTC). The default partition covers nothing: rows in it are out of
 * place. Pure, throws nothing.
 */
export function tableCoverage(policy: TablePolicy, table: PartitionedTable, now: EpochMicros): Coverage {
  const { ranges, holes } = lineUp(table);
  const attached = ranges.filter((partition) => !partition.isDetachPending);
  const position = positionOfNow(policy, table, attached, now);
  const current = position === null ? null : (attached.find((partition) => contains(partition.bound, position)) ?? null);
  const future = position === null ? [] : attached.filter((partition) => partition.bound.from > position);
  const held = attached.filter((partition) => isHeld(table, partition));
  return {
    position,
    current,
    future,
    ...reach(current, future),
    gaps: holes.length,
    held,
    oldestEnd: oldestEnd(attached, held),
  };
}

function positionOfNow(policy: TablePolicy, table: PartitionedTable, attached: readonly RangePartition[], now: EpochMicros): Position | null {
  if (table.codec.axis === 'time') return table.codec.positionOf(now);
  const first = attached.find((partition) => isPosition(partition.bound.from))?.bound.from;
  return table.newest.position ?? policy.startFrom ?? (first !== undefined && isPosition(first) ? first : null);
}

function reach(current: RangePartition | null, future: readonly RangePartition[]): Pick<Coverage, 'end' | 'headroom'> {
  if (current === null) return { end: null, headroom: 0 };
  let end: Edge = current.bound.to;
  let headroom = 0;
  for (const partition of future) {
    if (partition.bound.from !== end) break;
    end = partition.bound.to;
    headroom += 1;
  }
  return { end, headroom };
}

function isHeld(table: PartitionedTable, partition: RangePartition): boolean {
  return table.holds.some((hold) => hold.range === null || overlaps(hold.range, partition.bound));
}

function oldestEnd(attached: readonly RangePartition[], held: readonly RangePartition[]): Position | null {
  const isFree = new Set(attached.slice(0, -1));
  for (const partition of held) isFree.delete(partition);
  for (const { bound } of isFree) if (isPosition(bound.to)) return bound.to;
  return null;
}
