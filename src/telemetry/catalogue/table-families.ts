/** What happens to a table, counted and noted when it happens. */
export const tableEventFamilies = {
  steps_total: ['counter', ['step', 'outcome'], 'Steps by kind and outcome; refused = a guard stopped it.'],
  table_last_success_timestamp_seconds: [
    'gauge',
    ['task'],
    'End of the last run of a task that did not fail for this table, in seconds since 1970.',
  ],
  table_errors_total: ['counter', ['phase'], 'Runs that failed for this table, by the phase that failed.'],
  table_lock_timeouts_total: ['counter', [], 'Attempts that were given up because a lock was not obtained in time.'],
  table_step_progress_ratio: [
    'gauge',
    ['partition', 'step'],
    'How much of the phase that it is in a long step of maintenance or of an index has done; only while it is at work.',
  ],
  table_lock_budget_exhausted_total: ['counter', [], 'Steps that were given up because the whole lock budget was spent.'],
} as const;

/** What a table is, as its last snapshot and the last collection of statistics show it. */
export const tableFamilies = {
  table_findings: ['gauge', ['finding'], 'Current findings by kind; kinds without findings are absent.'],
  table_partitions: ['gauge', ['state'], 'Partitions by state.'],
  table_premake_partitions: ['gauge', [], 'Partitions after the current one that the policy wants.'],
  table_future_partitions: ['gauge', [], 'Partitions present wholly after the current one.'],
  table_interval_seconds: ['gauge', [], 'Width of the current interval of the policy, in seconds; time keys only.'],
  table_retention_seconds: ['gauge', [], 'Retention of the policy counted back from now, in seconds; time keys with retention only.'],
  table_runway_target_seconds: ['gauge', [], 'Time that the premade partitions are meant to cover, in seconds; time keys only.'],
  table_coverage_end_timestamp_seconds: [
    'gauge',
    [],
    'End of the coverage without a gap from now on, in seconds since 1970; the snapshot where now is uncovered; time keys only.',
  ],
  table_headroom_intervals: ['gauge', [], 'Whole partitions left without a gap after the newest key; integer keys only.'],
  table_forecast_exhaustion_timestamp_seconds: [
    'gauge',
    [],
    'When the newest key reaches the end of the coverage at the pace of the last hours, in seconds since 1970; integer keys only.',
  ],
  table_coverage_gaps: ['gauge', [], 'Missing ranges between the first and the last partition.'],
  table_default_partition_rows: ['gauge', [], 'Rows in the default partition: exact up to 10,000, then estimated.'],
  table_default_partition_bytes: ['gauge', [], 'Size of the default partition, in bytes.'],
  table_oldest_partition_end_timestamp_seconds: [
    'gauge',
    [],
    'Upper bound of the oldest partition that is neither held nor the last one, in seconds since 1970; time keys only.',
  ],
  table_expired_partitions: ['gauge', [], 'Attached partitions past retention and not on hold.'],
  table_held_partitions: ['gauge', [], 'Attached partitions on hold.'],
  table_size_bytes: ['gauge', ['component'], 'Size of the whole tree by component, in bytes; measured about every 15 minutes.'],
  table_rows: ['gauge', [], 'Rows of the whole tree, estimated from statistics or counted (`metrics.rowCounts`).'],
  table_dead_rows: ['gauge', [], 'Dead rows of the whole tree, estimated from statistics.'],
  table_unanalyzed_partitions: ['gauge', [], 'Partitions that were never analysed (reltuples -1).'],
  table_oldest_xid_age_transactions: ['gauge', [], 'Worst age of relfrozenxid in the tree, in transactions.'],
  table_oldest_mxid_age_transactions: ['gauge', [], 'Worst age of relminmxid in the tree, in multixact ids.'],
  table_oldest_vacuum_timestamp_seconds: [
    'gauge',
    [],
    'Last VACUUM of the partition where it is longest ago, in seconds since 1970; 0 = never.',
  ],
  table_oldest_analyze_timestamp_seconds: [
    'gauge',
    [],
    'Last ANALYZE of the partition where it is longest ago, in seconds since 1970; 0 = never.',
  ],
  table_parent_analyze_timestamp_seconds: [
    'gauge',
    [],
    'Last ANALYZE of the partitioned table itself, which autovacuum never analyses, in seconds since 1970; 0 = never.',
  ],
  table_partition_size_median_bytes: ['gauge', [], 'Median size of the closed partitions with rows, in bytes.'],
  table_partition_size_max_bytes: ['gauge', [], 'Size of the largest closed partition with rows, in bytes.'],
  table_size_skew_ratio: ['gauge', [], 'Size of the largest closed partition with rows divided by the median of those.'],
  table_growth_bytes_per_second: [
    'gauge',
    [],
    'Growth now without its season, fitted to the sizes of the closed partitions, in bytes per second; time keys only.',
  ],
  table_forecast_size_bytes: [
    'gauge',
    ['horizon'],
    'Size of the whole tree that far ahead by the fitted growth and its season, less what leaves by retention until then, in bytes; time keys only.',
  ],
  table_invalid_indexes: ['gauge', [], 'Indexes of the tree that are invalid or not attached, except those being built now.'],
  table_drifted_partitions: ['gauge', ['drift'], 'Partitions that differ from the parent, by what differs.'],
  partitions_exported: ['gauge', [], 'Partitions of the table with series of their own.'],
  partitions_omitted: ['gauge', [], 'Partitions of the table that only `_other` counts.'],
} as const;

/** A bounded set of partitions; the label `_other` is all the rest of the table. */
export const partitionFamilies = {
  partition_size_bytes: [
    'gauge',
    ['partition'],
    'Size of a partition, in bytes, measured about every 15 minutes; a bounded set, `_other` is the rest of the table.',
  ],
  partition_rows: ['gauge', ['partition'], 'Rows of a partition, estimated; a bounded set, `_other` is the rest of the table.'],
  partition_dead_rows: ['gauge', ['partition'], 'Dead rows of a partition, estimated; a bounded set, `_other` is the rest of the table.'],
  partition_xid_age_transactions: [
    'gauge',
    ['partition'],
    'Age of relfrozenxid of a partition, in transactions; a bounded set, `_other` is the worst of the rest.',
  ],
} as const;
