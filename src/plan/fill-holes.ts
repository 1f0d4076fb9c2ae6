import { type Edge, isPosition } from '../partition/position.ts';
import type { Hole } from './lineup.ts';
import type { Subject } from './subject.ts';
import { isUnbounded } from './unbounded.ts';

export interface FilledHoles {
  /** Pieces to be made, ascending. */
  readonly ranges: readonly Hole[];
  /** Holes that are not ours to fill. */
  readonly openHoles: readonly Hole[];
}

/**
 * Decides about the holes outside the stretch `from` to `to`, which provisioning covers anyway. Ahead of it a hole is filled along the grid
 * when that takes at most 2 x premake partitions; wider ones stay open, as does everything behind. Not mentioned at all: holes that
 * retention has left behind (wholly before the cut-off), and the endless ones beside a partition for infinite values.
 */
export function fillHoles(subject: Subject, from: Edge, to: Edge): FilledHoles {
  const ranges: Hole[] = [];
  const openHoles: Hole[] = [];
  for (const hole of [...holeBeforeFirst(subject, to), ...subject.lineup.holes]) {
    if (isUnbounded(hole.from, subject.table.codec) || isUnbounded(hole.to, subject.table.codec)) continue;
    const behind = clip(hole, -Infinity, from);
    if (behind !== null && !isForgotten(subject, behind)) openHoles.push(behind);
    const ahead = clip(hole, to, Infinity);
    if (ahead === null) continue;
    const pieces = cutAlongGrid(subject, ahead);
    if (pieces === null) openHoles.push(ahead);
    else ranges.push(...pieces);
  }
  return { ranges, openHoles };
}

/** Where the whole set lies ahead of the present, the stretch up to its first partition becomes a hole once the present has its own. */
function holeBeforeFirst({ lineup }: Subject, to: Edge): readonly Hole[] {
  const first = lineup.ranges[0]?.bound.from;
  return first !== undefined && isPosition(first) && isPosition(to) && to < first ? [{ from: to, to: first }] : [];
}

function clip(hole: Hole, low: Edge, high: Edge): Hole | null {
  const from = isPosition(low) && low > hole.from ? low : hole.from;
  const to = isPosition(high) && high < hole.to ? high : hole.to;
  return low < hole.to && hole.from < high ? { from, to } : null;
}

function isForgotten({ window }: Subject, hole: Hole): boolean {
  return window !== null && hole.to <= window.cutoff;
}

function cutAlongGrid({ grid, policy }: Subject, hole: Hole): readonly Hole[] | null {
  const limit = 2 * Math.max(policy.premake, 1);
  const pieces: Hole[] = [];
  let from = hole.from;
  while (from < hole.to) {
    if (pieces.length === limit) return null;
    const boundary = grid.next(from);
    const to = boundary < hole.to ? boundary : hole.to;
    pieces.push({ from, to });
    from = to;
  }
  return pieces;
}
