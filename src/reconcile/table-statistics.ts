import type { QualifiedName } from '../partition/qualified-name.ts';

/** What the collection learned of one partition (its whole subtree when it is partitioned itself). Sizes in bytes. */
export interface PartitionStatistics {
  readonly heapBytes: number;
  readonly indexBytes: number;
  readonly toastBytes: number;
  /** pg_stat's n_dead_tup: an estimate. */
  readonly deadRows: number;
}

/** What the collection learned of one table; partitions by oid. A partition that was locked away or came later is absent. */
export interface TableStatistics {
  readonly table: QualifiedName;
  readonly partitions: ReadonlyMap<string, PartitionStatistics>;
}
