import type { QualifiedName } from '../partition/qualified-name.ts';

/** What differs between a partition and its parent. */
export const drifts = ['owner', 'acl', 'index', 'constraint', 'storage', 'replica-identity'] as const;
export type Drift = (typeof drifts)[number];

/**
 * What the collection learned of one partition (its whole subtree when it is partitioned itself). Sizes in bytes, times in seconds since
 * 1970.
 */
export interface PartitionStatistics {
  readonly heapBytes: number;
  readonly indexBytes: number;
  readonly toastBytes: number;
  /** reltuples (n_live_tup before the first ANALYZE), or what was counted with `metrics.rowCounts: exact`; -1: not known. */
  readonly rows: number;
  /** pg_stat's n_dead_tup: an estimate. */
  readonly deadRows: number;
  /** age(relfrozenxid) and mxid_age(relminmxid), the worst of the subtree and its TOAST tables, in transactions. */
  readonly xidAge: number;
  readonly mxidAge: number;
  /**
   * The later of manual and automatic; 0: never, NaN: there is nothing that could be (a foreign table is analysed, not vacuumed). Of a
   * subtree the stalest.
   */
  readonly vacuumedAt: number;
  readonly analyzedAt: number;
}

/**
 * What the collections learned of one table; partitions by oid. Sizes of one that was locked away are the last ones, else those of
 * pg_class.
 */
export interface TableStatistics {
  readonly table: QualifiedName;
  readonly partitions: ReadonlyMap<string, PartitionStatistics>;
  /** Last ANALYZE of the partitioned table itself; 0: never, null: not read yet. */
  readonly parentAnalyzedAt: number | null;
  /** Indexes of the tree that are invalid, or not attached to the parent's, other than those being built now; null: not read yet. */
  readonly invalidIndexes: number | null;
  /** Partitions that differ from the parent, by what differs; kinds without any are absent; null: not read yet. */
  readonly drift: ReadonlyMap<Drift, number> | null;
}
