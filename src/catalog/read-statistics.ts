import type { PartitionedTable } from '../partition/partition.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { Session } from '../postgres/session.ts';
import { isLockFailure } from '../postgres/sqlstate.ts';
import { decodeLeaf, decodeLeafSize, type LeafRow, leafSizesSql, leavesSql } from './statistics.sql.ts';

/** One partition, its whole subtree when it is partitioned itself. Sizes in bytes; rows are pg_stat's estimate. */
export interface PartitionSizes {
  readonly heapBytes: number;
  readonly indexBytes: number;
  readonly toastBytes: number;
  readonly deadRows: number;
}

export interface TableSizes {
  readonly table: QualifiedName;
  /** By oid of the partition; absent where it, or a part of it, could not be measured without waiting. */
  readonly partitions: ReadonlyMap<string, PartitionSizes>;
}

/** Measuring costs some system calls a relation, and a lock that comes in between costs its whole batch. */
const leavesPerQuery = 500;

/**
 * Sizes and dead rows of all partitions of `tables`, aligned; for a collection now and then, never for a scrape. Foreign partitions and
 * those that are locked exclusively are left out.
 */
export async function readStatistics(
  session: Session,
  tables: readonly Pick<PartitionedTable, 'name' | 'partitions'>[],
  signal: AbortSignal,
): Promise<readonly TableSizes[]> {
  const oids = tables.flatMap(({ partitions }) => partitions.filter(({ kind }) => kind !== 'foreign').map(({ oid }) => oid));
  const leaves = oids.length === 0 ? [] : await session.rows(leavesSql, [oids], decodeLeaf, signal);
  const sizes = new Map<string, PartitionSizes>();
  const incomplete = new Set<string>();
  for (let at = 0; at < leaves.length; at += leavesPerQuery) {
    await addBatch(session, leaves.slice(at, at + leavesPerQuery), sizes, incomplete, signal);
  }
  for (const oid of incomplete) sizes.delete(oid);
  return tables.map(({ name, partitions }) => ({
    table: name,
    partitions: new Map(
      partitions.flatMap(({ oid }) => {
        const measured = sizes.get(oid);
        return measured === undefined ? [] : [[oid, measured] as const];
      }),
    ),
  }));
}

async function addBatch(
  session: Session,
  leaves: readonly LeafRow[],
  sizes: Map<string, PartitionSizes>,
  incomplete: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  const measured = await measure(session, leaves, signal);
  for (const { root, leaf, deadRows } of leaves) {
    const size = measured.get(leaf);
    if (size === undefined) incomplete.add(root);
    else sizes.set(root, plus(sizes.get(root), { ...size, deadRows }));
  }
}

async function measure(
  session: Session,
  leaves: readonly LeafRow[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Omit<PartitionSizes, 'deadRows'>>> {
  try {
    const rows = await session.rows(leafSizesSql, [leaves.map(({ leaf }) => leaf)], decodeLeafSize, signal);
    return new Map(rows.map(({ leaf, ...size }) => [leaf, size]));
  } catch (error) {
    if (isLockFailure(error)) return new Map();
    throw error;
  }
}

function plus(a: PartitionSizes | undefined, b: PartitionSizes): PartitionSizes {
  if (a === undefined) return b;
  return {
    heapBytes: a.heapBytes + b.heapBytes,
    indexBytes: a.indexBytes + b.indexBytes,
    toastBytes: a.toastBytes + b.toastBytes,
    deadRows: a.deadRows + b.deadRows,
  };
}
