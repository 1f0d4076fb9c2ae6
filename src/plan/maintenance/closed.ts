/**
 * When a partition has closed, and what is due then. That writes have stopped is seen without memory: no row has changed since an ANALYZE that is
 * old enough. Where rows have changed, one ANALYZE makes that visible to a later run; then the partition is frozen, once. The few rows that
 * straggle in afterwards are no reason to read all of it again.
 */
import { formatInstant } from '../../partition/calendar.ts';
import type { KeyCodec } from '../../partition/key.ts';
import type { MaintenancePolicy } from '../../partition/policy.ts';
import type { EpochMicros, Position } from '../../partition/position.ts';
import type { FrozenMark } from '../../partition/upkeep.ts';
import type { Subject } from '../subject.ts';
import { countOf } from '../wording.ts';
import type { Leaf } from './leaf.ts';

/** What its having closed makes due for a partition, and why. */
export interface ClosingWork {
  readonly work: 'analyze' | 'freeze';
  readonly reason: string;
}

/** What tells whether a partition has closed; the same for all of a table. */
export interface Closing {
  readonly codec: KeyCodec;
  readonly policy: MaintenancePolicy;
  /** An ANALYZE after it is too young to tell that writes have stopped. */
  readonly settledBefore: EpochMicros;
  /** Ranges that end at or before it are over; null: nobody knows. */
  readonly over: Position | null;
}

/** Time closes a partition by itself; a number does when a later partition holds the newest key, if that can be believed. */
export function closingOf({ table: { codec, newest }, context }: Subject, policy: MaintenancePolicy): Closing {
  const settledBefore = context.now - BigInt(policy.closedForMs) * 1000n;
  const newestKey = newest.believable === undefined ? newest.position : newest.believable;
  return { codec, policy, settledBefore, over: codec.axis === 'time' ? codec.positionOf(settledBefore) : newestKey };
}

/**
 * Null while the range is not over, or not for `closedForMs` yet; while the last ANALYZE is younger than that; and when nothing is left to do.
 * `mark`: what the journal remembers of its freeze. A count of changes below the mark's means that the statistics began anew (a crash), and
 * counts as unchanged. Rows are due for ANALYZE by the thresholds of the policy too, whatever is decided here. Pure, throws nothing.
 */
export function closingWork({ codec, policy, settledBefore, over }: Closing, leaf: Leaf, mark: FrozenMark | undefined): ClosingWork | null {
  const { analyzedAt, changedRows, liveRows } = leaf;
  const to = leaf.range?.to;
  if (to === undefined || over === null || to > over || (analyzedAt !== null && analyzedAt > settledBefore) || isFrozen(leaf, mark))
    return null;
  const what = `its range ended at ${codec.display(to)}`;
  if (changedRows > 0)
    return { work: 'analyze', reason: `${what}, and no ANALYZE has seen its last ${countOf(changedRows, 'row change')}` };
  if (!policy.freezeClosed || liveRows === 0) return null;
  if (analyzedAt === null) return { work: 'analyze', reason: `${what}, and the statistics do not tell whether its rows still change` };
  const since = `none of its ${countOf(liveRows, 'row')} has changed since it was analysed at ${formatInstant(analyzedAt)}`;
  return { work: 'freeze', reason: `${what}, and ${since}; frozen once, it needs no scan against wraparound later` };
}

/** Rows that may change in a frozen partition before it is frozen again: their number, and their share of its rows, whichever is more. */
const fewRows = 1000;
const fewShare = 0.01;

function isFrozen({ filenode, changes, liveRows }: Leaf, mark: FrozenMark | undefined): boolean {
  return mark !== undefined && mark.filenode === filenode && changes - mark.changes <= Math.max(fewRows, fewShare * liveRows);
}
