/**
 * Which ranges are to be made. Works on real bounds alone: a set of partitions is continued from its last upper bound through the present
 * and `premake` partitions further, whatever made the older ones, and holes ahead of the present are filled. Knows neither names nor
 * rows: what the default partition blocks and what the new partitions are called is decided elsewhere.
 */
import type { KeyCodec } from '../partition/key.ts';
import { type Edge, isPosition, MAXVALUE, MINVALUE, type Position, type Range } from '../partition/position.ts';
import { type FilledHoles, fillHoles } from './fill-holes.ts';
import type { Hole } from './lineup.ts';
import type { Subject } from './subject.ts';
import { isUnbounded } from './unbounded.ts';

/** A partition to be made. `why` is what its reason tells. An end that the key's type cannot hold is MINVALUE or MAXVALUE. */
export interface NewRange extends Range {
  readonly why: 'clock' | 'catch-up' | 'data' | 'ahead' | 'hole';
}

/** What provisioning asks for, and what it leaves to people. */
export interface Provision {
  /** Ascending, never overlapping one another or an existing partition, all bounds on the grid or on an existing bound. */
  readonly ranges: readonly NewRange[];
  /** Holes that stay: behind the present, or too wide to be anything but intended. */
  readonly openHoles: readonly Hole[];
  /** A stretch behind the present that would take more partitions than is believable; not made. Null: there is none. */
  readonly absurd: Range | null;
  /** Attached partitions wholly after the one that holds the anchor, without a hole in between. */
  readonly existingAhead: number;
}

/** Partitions that one plan makes behind the present at most; a `startFrom` of 1970 with hourly partitions is a mistake, not a wish. */
export const believableBacklog = 10_000;

interface Piece extends Hole {
  readonly why: NewRange['why'];
}

interface Walk {
  readonly made: readonly Piece[];
  readonly existingAhead: number;
  readonly from: Edge;
  readonly to: Edge;
}

/**
 * Decides by the rules of docs/contract "Rules of provisioning". An applied answer is answered with no ranges at the same clock, also when
 * some of it was left out: cuts depend on existing bounds and the grid only. Pure, throws nothing.
 */
export function planProvision(subject: Subject): Provision {
  const index = indexAt(subject);
  const start = startOfWalk(subject, index);
  const whole = walk(subject, start, index + 1);
  if (whole !== null) return complete(subject, whole, null);
  // Too much lies behind: the present is worth more than the past, but an empty table's first partition cannot be chosen twice.
  const absurd: Range = { from: start, to: subject.clock };
  const rest = index < 0 ? null : walk(subject, subject.grid.floor(subject.clock), index + 1);
  return complete(subject, rest ?? { made: [], existingAhead: 0, from: subject.clock, to: subject.clock }, absurd);
}

function complete(subject: Subject, walked: Walk, absurd: Range | null): Provision {
  const filled: FilledHoles = fillHoles(subject, walked.from, walked.to);
  const inHoles = filled.ranges.map((hole): Piece => ({ ...hole, why: 'hole' }));
  const ranges = [...walked.made, ...inHoles].map((piece) => writable(piece, subject.table.codec));
  return { ranges, openHoles: filled.openHoles, absurd, existingAhead: walked.existingAhead };
}

/** The last partition of an `int4` key ends where the type does, not at the next boundary. */
function writable({ from, to, why }: Piece, { min, max }: KeyCodec): NewRange {
  return { from: from < min ? MINVALUE : from, to: to > max ? MAXVALUE : to, why };
}

/** Index of the last range that begins at or before the clock, -1 when none does. Binary, for tables with very many partitions. */
function indexAt({ lineup, clock }: Subject): number {
  let low = 0;
  let high = lineup.ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const range = lineup.ranges[middle];
    if (range !== undefined && range.bound.from <= clock) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The real upper bound that the set is continued from, or the boundary where a set begins. What retention would remove at once is not made. */
function startOfWalk(subject: Subject, index: number): Edge {
  const { lineup, grid, clock, startFrom, window, table } = subject;
  const reached = lineup.ranges[index]?.bound.to;
  const isContinued = reached !== undefined && !(reached <= clock && isUnbounded(reached, table.codec));
  const first = lineup.ranges.length === 0 && startFrom !== null && startFrom < clock ? startFrom : clock;
  const start = isContinued ? reached : grid.floor(first);
  if (window === null || window.cutoff <= start) return start;
  const retained = grid.floor(window.cutoff);
  return retained > start ? retained : start;
}

/**
 * Goes from `start` upwards, over existing partitions and through what is missing, until the anchor and `premake` further partitions are
 * covered. Null when that takes more new partitions than is believable.
 */
function walk(subject: Subject, start: Edge, startIndex: number): Walk | null {
  const { lineup, grid, policy, table, anchor } = subject;
  const limit = believableBacklog + 3 * policy.premake;
  const made: Piece[] = [];
  let index = startIndex;
  let ahead = 0;
  let existingAhead = 0;
  let cursor = start;
  while (isPosition(cursor) && cursor <= table.codec.max && (cursor <= anchor || ahead < policy.premake)) {
    const next = lineup.ranges[index];
    const isAhead = cursor > anchor;
    if (next === undefined || next.bound.from > cursor) {
      if (made.length === limit) return null;
      const range = nextRange(subject, cursor, grid.next(cursor), next?.bound.from);
      made.push(range);
      cursor = range.to;
    } else {
      cursor = next.bound.to;
      index += 1;
      // A pending detach occupies its range in the catalog but takes no rows: it is passed over and does not count.
      if (next.isDetachPending) continue;
      if (isAhead) existingAhead += 1;
    }
    if (isAhead) ahead += 1;
  }
  return { made, existingAhead, from: start, to: cursor };
}

function nextRange({ clock, anchor }: Subject, from: Position, boundary: Position, nextFrom: Edge | undefined): Piece {
  const to = nextFrom !== undefined && isPosition(nextFrom) && nextFrom < boundary ? nextFrom : boundary;
  if (from > clock) return { from, to, why: from > anchor ? 'ahead' : 'data' };
  return { from, to, why: to > clock ? 'clock' : 'catch-up' };
}
