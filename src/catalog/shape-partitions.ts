import { parseBound } from '../partition/bound.ts';
import type { KeyCodec } from '../partition/key.ts';
import type { Partition, PartitionBound } from '../partition/partition.ts';
import { compareEdges, type Edge } from '../partition/position.ts';
import type { PartitionRow } from './partitions.sql.ts';
import type { SubtreeEstimateRow } from './subtree-estimates.sql.ts';

/** BLCKSZ as practically every build has it; `estimatedBytes` is an estimate anyway. */
const blockBytes = 8192;

/**
 * The partitions of one table in the snapshot's order: ranges by lower bound, then the default, then what could not be read. A partitioned
 * partition has no estimates of its own: see `withSubtrees`. Pure, throws nothing.
 */
export function shapePartitions(rows: readonly PartitionRow[], codec: KeyCodec): readonly Partition[] {
  const reader = rememberingLast(codec);
  return rows.map((row) => shapePartition(row, parseBound(row.boundText, reader))).toSorted(inOrder);
}

/** `partitions` with the estimates of their leaves, by oid, where they are partitioned themselves. Pure. */
export function withSubtrees(partitions: readonly Partition[], subtrees: ReadonlyMap<string, SubtreeEstimateRow>): readonly Partition[] {
  return partitions.map((partition) => {
    const subtree = subtrees.get(partition.oid);
    if (subtree === undefined) return partition;
    return { ...partition, estimatedRows: subtree.rows, estimatedBytes: subtree.pages * blockBytes };
  });
}

function shapePartition(row: PartitionRow, bound: PartitionBound): Partition {
  return {
    oid: row.oid,
    name: row.name,
    kind: row.kind,
    bound,
    boundText: bound.kind === 'range' ? null : row.boundText,
    isDetachPending: row.isDetachPending,
    estimatedRows: row.estimatedRows,
    estimatedBytes: row.estimatedPages * blockBytes,
  };
}

/** A partition mostly begins where the one made before it ends: half of the values need no reading and no memory of their own. */
function rememberingLast(codec: KeyCodec): Pick<KeyCodec, 'parse'> {
  let last: { readonly text: string; readonly edge: Edge } | null = null;
  return {
    parse: (text) => {
      if (last?.text !== text) last = { text, edge: codec.parse(text) };
      return last.edge;
    },
  };
}

const ranks: Readonly<Record<PartitionBound['kind'], number>> = { range: 0, default: 1, unreadable: 2 };

function inOrder(a: Partition, b: Partition): number {
  if (a.bound.kind === 'range' && b.bound.kind === 'range')
    return compareEdges(a.bound.from, b.bound.from) || compareEdges(a.bound.to, b.bound.to);
  return ranks[a.bound.kind] - ranks[b.bound.kind];
}
