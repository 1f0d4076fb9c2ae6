import type { IndexedPartitions } from '../../partition/policy.ts';
import type { Edge, Position, Range } from '../../partition/position.ts';
import type { Subject } from '../subject.ts';
import { countOf } from '../wording.ts';

/**
 * The partitions that a subset names, as a question about a range: whether a partition with it belongs, now, beside the partitions there are.
 * Null where the present is not known well enough to tell: overlapping bounds, an integer key whose newest rows cannot be read or believed.
 */
export function subsetOf(subject: Subject, partitions: IndexedPartitions): ((range: Range) => boolean) | null {
  const present = presentOf(subject);
  if (present === null) return null;
  switch (partitions.kind) {
    case 'all':
      return () => true;
    case 'current':
      return ({ to }) => to > present;
    case 'closed':
      return ({ to }) => to <= present;
    case 'newest': {
      const { count } = partitions;
      const oldest = closedBounds(subject, present)[count - 2];
      return ({ to }) => to > present || (count > 1 && (oldest === undefined || to >= oldest));
    }
  }
}

/** `the newest 2 partitions`, for reasons. */
export function describePartitions(partitions: IndexedPartitions): string {
  switch (partitions.kind) {
    case 'all':
      return 'all partitions';
    case 'current':
      return 'the current partition and those ahead of it';
    case 'closed':
      return 'partitions whose range is over';
    case 'newest':
      return `the newest ${countOf(partitions.count, 'partition')} and those ahead`;
  }
}

/** One mistaken row far ahead closes no partitions, as it expires none. */
function presentOf({ lineup, table, clock }: Subject): Position | null {
  const { believable, isIncomplete = false } = table.newest;
  if (lineup.overlapping.length > 0) return null;
  if (table.codec.axis === 'time') return clock;
  if (isIncomplete) return null;
  return believable === undefined ? clock : believable;
}

/** Upper bounds of what lies before the present, descending. What is being detached no longer counts. */
function closedBounds({ lineup }: Subject, present: Position): readonly Edge[] {
  const closed = lineup.ranges.filter(({ bound, isDetachPending }) => bound.to <= present && !isDetachPending);
  return closed.map(({ bound }) => bound.to).toReversed();
}
