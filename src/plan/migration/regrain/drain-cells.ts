import type { Grid } from '../../../partition/grid.ts';
import { MAXVALUE, MINVALUE, type Position, type Range } from '../../../partition/position.ts';

/** More cells are not looked into: what is further back is as little believable as what is too far ahead. */
const mostCells = 10_000;

/**
 * The cells of the grid from `bottom` to `top` (both inside) that none of `ranges` covers, cut at their bounds; ascending, the last ten thousand of
 * them. `ranges`: ascending. Pure.
 */
export function drainCells(grid: Grid, ranges: readonly Range[], bottom: Position, top: Position): readonly Range[] {
  const end = grid.next(top);
  const cells: Range[] = [];
  for (const gap of restOf(ranges).toReversed()) {
    if (gap.from >= end) continue;
    let to = gap.to < end ? gap.to : end;
    while (to > gap.from && to > bottom && cells.length < mostCells) {
      const floor = grid.floor(BigInt(to) - 1n);
      const from = gap.from > floor ? gap.from : floor;
      cells.push({ from: from < grid.min ? MINVALUE : from, to: to > grid.max ? MAXVALUE : to });
      to = from;
    }
  }
  return cells.toReversed();
}

/** What none of `ranges` covers; they are ascending and do not overlap. */
export function restOf(ranges: readonly Range[]): readonly Range[] {
  const rest: Range[] = [];
  let from: Range['from'] = MINVALUE;
  for (const range of ranges) {
    if (range.from > from) rest.push({ from, to: range.from });
    from = range.to;
  }
  return from < MAXVALUE ? [...rest, { from, to: MAXVALUE }] : rest;
}
