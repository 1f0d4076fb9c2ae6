import { parseBound } from '../partition/bound.ts';
import type { KeyCodec } from '../partition/key.ts';
import type { Partition, PartitionBound } from '../partition/partition.ts';
import { compareEdges } from '../partition/position.ts';
import type { PartitionRow } from './partitions.sql.ts';
import type { SubtreeEstimateRow } from './subtree-estimates.sql.ts';

/** BLCKSZ as practically every build has it; `estimatedBytes` is an estimate anyway. */
const blockBytes = 8192;

/**
 * The partitions of one table in the snapshot's order: ranges by lower bound, then the default, then what could not be read. `subtrees` has
 * the estimates of partitioned partitions by oid. Pure, throws nothing.
 */
export function shapePartitions(
  rows: readonly PartitionRow[],
  codec: KeyCodec,
  subtrees: ReadonlyMap<string, SubtreeEstimateRow>,
): readonly Partition[] {
  return rows.map((row) => shapePartition(row, parseBound(row.boundText, codec), subtrees.get(row.oid))).toSorted(inOrder);
}

function shapePartition(row: PartitionRow, bound: PartitionBound, subtree: SubtreeEstimateRow | undefined): Partition {
  return {
    oid: row.oid,
    name: row.name,
    kind: row.kind,
    bound,
    boundText: row.boundText,
    isDetachPending: row.isDetachPending,
    estimatedRows: subtree?.rows ?? row.estimatedRows,
    estimatedBytes: (subtree?.pages ?? row.estimatedPages) * blockBytes,
  };
}

const ranks: Readonly<Record<PartitionBound['kind'], number>> = { range: 0, default: 1, unreadable: 2 };

function inOrder(a: Partition, b: Partition): number {
  if (a.bound.kind === 'range' && b.bound.kind === 'range')
    return compareEdges(a.bound.from, b.bound.from) || compareEdges(a.bound.to, b.bound.to);
  return ranks[a.bound.kind] - ranks[b.bound.kind];
}
