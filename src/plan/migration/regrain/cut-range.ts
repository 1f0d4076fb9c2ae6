import { createGrid, type Grid } from '../../../partition/grid.ts';
import type { Interval } from '../../../partition/interval.ts';
import type { Partition, PartitionedTable, RangePartition } from '../../../partition/partition.ts';
import { isPosition, MAXVALUE, MINVALUE, type Position, type Range } from '../../../partition/position.ts';
import { formatQualifiedName, type QualifiedName } from '../../../partition/qualified-name.ts';
import { refuse } from '../migration-case.ts';
import type { Refusal } from '../migration-plan.ts';

/** What is to be re-grained: the partitions by their bounds, and the new ones' bounds. */
export interface CutRange {
  readonly sources: readonly RangePartition[];
  readonly pieces: readonly Range[];
}

/** More in one switch would hold its locks for too long. */
const mostPieces = 1_000;

/**
 * Neighbouring partitions by name, and the cells of `interval` over their range, whose ends must lie on its grid; else what is wrong. A range from
 * MINVALUE on keeps that in its first piece, which reaches to the end of the cell of `oldest`, its smallest key; null: it has no row.
 */
export function cutRange(
  table: PartitionedTable,
  names: readonly QualifiedName[],
  interval: Interval,
  oldest: Position | null,
): CutRange | Refusal {
  const sources = neighbours(table, names);
  if ('subject' in sources) return sources;
  const grid = createGrid(interval, table.codec);
  if ('problem' in grid) return refuse('--interval', grid.problem);
  const { from: bottom, to } = extentOf(sources);
  if (!isPosition(to)) return refuse('--partitions', 'A range up to MAXVALUE cannot be cut into intervals.');
  const from = isPosition(bottom) ? bottom : grid.floor(oldest ?? to - 1n);
  if (grid.floor(from) !== from || grid.floor(to) !== to) {
    const range = `${table.codec.display(from)} to ${table.codec.display(to)}`;
    return refuse('--interval', `${range} is no whole number of such intervals; name partitions that together are, or another interval.`);
  }
  const pieces = cellsOf(grid, from, to).map((cell) => (cell.from === from ? { ...cell, from: bottom } : cell));
  if (pieces.length > mostPieces) return refuse('--interval', `More than ${mostPieces} partitions would be made at once.`);
  const isSame = pieces.length === sources.length && pieces.every((piece, index) => sources[index]?.bound.from === piece.from);
  return isSame ? refuse('--interval', 'The partitions have that interval already.') : { sources, pieces };
}

function extentOf(sources: readonly RangePartition[]): Range {
  return { from: sources[0]?.bound.from ?? MINVALUE, to: sources.at(-1)?.bound.to ?? MAXVALUE };
}

function cellsOf(grid: Grid, from: Position, to: Position): readonly Range[] {
  const cells: Range[] = [];
  for (let at = from; at < to && cells.length <= mostPieces; at = grid.next(at)) cells.push({ from: at, to: grid.next(at) });
  return cells;
}

/** The partitions of these names by their bounds, each once. */
function neighbours(table: PartitionedTable, names: readonly QualifiedName[]): readonly RangePartition[] | Refusal {
  const found = new Map<string, RangePartition>();
  for (const text of names.map(formatQualifiedName)) {
    const partition = table.partitions.find(({ name }) => formatQualifiedName(name) === text);
    if (partition === undefined || !isRange(partition)) {
      return refuse(text, `${formatQualifiedName(table.name)} has no such partition with a range.`);
    }
    if (partition.kind !== 'table' || partition.isDetachPending) {
      return refuse(text, 'It is partitioned itself, foreign, or about to be detached.');
    }
    found.set(text, partition);
  }
  const sorted = [...found.values()].toSorted((a, b) => (a.bound.from < b.bound.from ? -1 : 1));
  const gap = sorted.find((partition, index) => index > 0 && sorted[index - 1]?.bound.to !== partition.bound.from);
  if (gap === undefined) return sorted;
  return refuse(formatQualifiedName(gap.name), 'It does not begin where the one before it ends: name neighbours only.');
}

function isRange(partition: Partition): partition is RangePartition {
  return partition.bound.kind === 'range';
}
