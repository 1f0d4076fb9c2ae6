import type { PartitionedTable, RangePartition } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { contains, type Edge, type EpochMicros, isPosition, overlaps, type Position, type Range } from '../partition/position.ts';
import type { Hole } from './lineup.ts';
import { type Positions, positionsOf } from './subject.ts';

/** How far the partitions of one table reach at one moment. All ranges half-open; pending detaches cover nothing, as they take no writes. */
export interface Coverage {
  /** The present of the key, as planning sees it: the clock for time keys, the newest key for integer ones. */
  readonly position: Position;
  /** The interval of the policy that holds `position`, whether a partition covers it or not. */
  readonly interval: Range;
  /** The partition that holds `position`; null when none does. */
  readonly current: RangePartition | null;
  /** Partitions that begin after `position`; by lower bound. */
  readonly future: readonly RangePartition[];
  /** End of the coverage without a gap from `position` on, MAXVALUE when it never ends; null when `position` is not covered. */
  readonly end: Edge | null;
  /** Future partitions before `end`: how many are left before a gap. */
  readonly headroom: number;
  /** Missing ranges between the first and the last partition, ascending. */
  readonly gaps: readonly Hole[];
  /** Attached ranges under a hold; by lower bound. */
  readonly held: readonly RangePartition[];
  /** Attached ranges past retention that are not held; by lower bound. Empty without retention. */
  readonly expired: readonly RangePartition[];
  /** What ends at or before it has left retention; null without retention, or where nothing tells what it counts from. */
  readonly cutoff: Position | null;
  /** Upper bound of the oldest attached range that is neither held nor the last one; null when there is none. */
  readonly oldestEnd: Position | null;
}

/**
 * Answers for the snapshot `table` at `now` (microseconds since 1970 UTC); null when the policy does not fit the key, which is a finding of
 * the plan. The default partition covers nothing: rows in it are out of place. Pure, throws nothing.
 */
export function tableCoverage(policy: TablePolicy, table: PartitionedTable, now: EpochMicros): Coverage | null {
  const subject = positionsOf(policy, table, now);
  if ('problem' in subject) return null;
  const { clock, grid, lineup, window } = subject;
  const attached = lineup.ranges.filter((partition) => !partition.isDetachPending);
  const current = attached.find((partition) => contains(partition.bound, clock)) ?? null;
  const future = attached.filter((partition) => partition.bound.from > clock);
  const held = attached.filter((partition) => isHeld(subject, partition));
  const isKept = new Set(held);
  const free = attached.filter((partition) => !isKept.has(partition));
  return {
    position: clock,
    interval: { from: grid.floor(clock), to: grid.next(clock) },
    current,
    future,
    ...reach(current, future),
    gaps: lineup.holes,
    held,
    expired: window === null ? [] : free.filter((partition) => partition.bound.to <= window.cutoff),
    cutoff: window?.cutoff ?? null,
    oldestEnd: oldestEnd(free, attached.at(-1)),
  };
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

function isHeld({ table }: Positions, partition: RangePartition): boolean {
  return table.holds.some((hold) => hold.range === null || overlaps(hold.range, partition.bound));
}

function oldestEnd(free: readonly RangePartition[], last: RangePartition | undefined): Position | null {
  const end = free.find((partition) => partition !== last)?.bound.to;
  return end !== undefined && isPosition(end) ? end : null;
}
