/**
 * When a partition has closed, and what is due then. That writes have stopped is seen without memory: no row has changed since an ANALYZE that is
 * old enough. Where rows have changed, one ANALYZE makes that visible to a later run; then the partition is frozen, once.
 */
import { formatInstant } from '../../partition/calendar.ts';
import type { MaintenancePolicy } from '../../partition/policy.ts';
import { type EpochMicros, isPosition, type Position } from '../../partition/position.ts';
import type { FrozenMark } from '../../partition/upkeep.ts';
import type { Subject } from '../subject.ts';
import { countOf } from '../wording.ts';
import type { Leaf } from './leaf.ts';

/** What its having closed makes due for a partition, and why. */
export interface ClosingWork {
  readonly work: 'analyze' | 'freeze';
  readonly reason: string;
}

/**
 * Null while the range is not over, or not for `closedForMs` yet; while the last ANALYZE is younger than that; and when nothing is left to do.
 * `mark`: what the journal remembers of its freeze. A count of changes below the mark's means that the statistics began anew (a crash), and
 * counts as unchanged. Pure, throws nothing.
 */
export function closingWork(subject: Subject, policy: MaintenancePolicy, leaf: Leaf, mark: FrozenMark | undefined): ClosingWork | null {
  const { analyzedAt, changedRows, liveRows } = leaf;
  const cutoff = subject.context.now - BigInt(policy.closedForMs) * 1000n;
  const end = endOfClosed(subject, leaf, cutoff);
  if (end === null || (analyzedAt !== null && analyzedAt > cutoff)) return null;
  const what = `its range ended at ${subject.table.codec.display(end)}`;
  if (changedRows > 0)
    return { work: 'analyze', reason: `${what}, and no ANALYZE has seen its last ${countOf(changedRows, 'row change')}` };
  if (!policy.freezeClosed || liveRows === 0 || isFrozen(leaf, mark)) return null;
  if (analyzedAt === null) return { work: 'analyze', reason: `${what}, and the statistics do not tell whether its rows still change` };
  const since = `none of its ${countOf(liveRows, 'row')} has changed since it was analysed at ${formatInstant(analyzedAt)}`;
  return { work: 'freeze', reason: `${what}, and ${since}; frozen once, it needs no scan against wraparound later` };
}

/** Upper bound of a range that is over; null: it is not, or nobody knows. */
function endOfClosed({ table: { codec, newest } }: Subject, { range }: Leaf, cutoff: EpochMicros): Position | null {
  if (range === null || !isPosition(range.to)) return null;
  // Of integers, a row that cannot be believed closes nothing.
  const present = codec.axis === 'time' ? codec.positionOf(cutoff) : newest.believable === undefined ? newest.position : newest.believable;
  return present !== null && range.to <= present ? range.to : null;
}

function isFrozen({ filenode, changes }: Leaf, mark: FrozenMark | undefined): boolean {
  return mark !== undefined && mark.filenode === filenode && changes <= mark.changes;
}
