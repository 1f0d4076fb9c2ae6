import type { PartitionedTable, TableState } from '../../partition/partition.ts';
import type { TablePolicy } from '../../partition/policy.ts';
import { type Edge, type EpochMicros, isPosition } from '../../partition/position.ts';
import { type Coverage, tableCoverage } from '../../plan/coverage.ts';
import type { Finding } from '../../plan/finding.ts';
import type { Present } from '../../plan/growth/forecast.ts';
import { presentOf, retentionSeconds } from '../../plan/growth/seconds.ts';
import { type AddGauge, type GaugeSample, gaugeSamples } from './gauge-sample.ts';
import { type PartitionColumns, partitionColumns } from './partition-columns.ts';

/**
 * All that is kept of a snapshot of one table: its gauges, and of its partitions what later gauges are made of. The snapshot itself, ten
 * times as large, is let go.
 */
export interface TableView {
  /** What follows from the snapshot alone. */
  readonly samples: readonly GaugeSample[];
  /** Null for what is no partitioned table. */
  readonly partitions: PartitionColumns | null;
  /** Null for integer keys. */
  readonly present: Present | null;
  /** Of an integer key with rows: its newest value and the end of what is covered from there on. */
  readonly key: { readonly newest: bigint; readonly end: Edge | null; readonly readAtSeconds: number } | null;
}

/** `readAt`: the database's clock at the snapshot. Pure, throws nothing. */
export function tableView(policy: TablePolicy, state: TableState, findings: readonly Finding[], readAt: EpochMicros): TableView {
  const { samples, add } = gaugeSamples();
  add('table_premake_partitions', policy.premake);
  for (const [kind, count] of countBy(findings, (finding) => finding.kind)) add('table_findings', count, { finding: kind });
  if (state.kind !== 'partitioned') return { samples, partitions: null, present: null, key: null };
  const { table } = state;
  const coverage = tableCoverage(policy, table, readAt);
  addPartitions(add, table);
  if (coverage !== null) addCoverage(add, coverage, table, policy, readAt);
  const isTime = coverage !== null && table.codec.axis === 'time';
  const { newest } = table;
  return {
    samples,
    partitions: partitionColumns(table, coverage),
    present: coverage === null ? null : presentOf(policy, table.codec, coverage.position, readAt),
    key:
      isTime || coverage === null || newest.position === null || newest.isIncomplete === true
        ? null
        : { newest: newest.position, end: coverage.end, readAtSeconds: toSeconds(readAt) },
  };
}

function addPartitions(add: AddGauge, table: PartitionedTable): void {
  const pending = table.partitions.filter((partition) => partition.isDetachPending).length;
  const foreign = table.partitions.filter((partition) => partition.kind === 'foreign' && !partition.isDetachPending).length;
  add('table_partitions', table.partitions.length - pending - foreign, { state: 'attached' });
  add('table_partitions', pending, { state: 'detach-pending' });
  add('table_partitions', foreign, { state: 'foreign' });
  add('table_partitions', table.detached.filter((detached) => detached.state === 'present').length, { state: 'detached' });
  add('table_unanalyzed_partitions', table.partitions.filter((partition) => partition.estimatedRows < 0).length);
  add('table_default_partition_rows', defaultRows(table));
}

function defaultRows(table: PartitionedTable): number | null {
  if (table.defaultRows === null) return null;
  const { count, isExact, live = 0 } = table.defaultRows;
  const estimate = table.partitions.find((partition) => partition.bound.kind === 'default')?.estimatedRows ?? 0;
  return isExact ? count : Math.max(count, estimate, live);
}

function addCoverage(add: AddGauge, coverage: Coverage, table: PartitionedTable, policy: TablePolicy, readAt: EpochMicros): void {
  add('table_future_partitions', coverage.future.length);
  add('table_coverage_gaps', coverage.gaps.length);
  add('table_expired_partitions', coverage.expired.length);
  add('table_held_partitions', coverage.held.length);
  if (table.codec.axis === 'integer') {
    // Rows that nobody could read may be further on than those that were read: less headroom, never more.
    return add('table_headroom_intervals', table.newest.isIncomplete === true ? null : coverage.headroom);
  }
  const instant = (edge: Edge): number => (isPosition(edge) ? toSeconds(table.codec.instantOf(edge)) : edge);
  const interval = instant(coverage.interval.to) - instant(coverage.interval.from);
  add('table_interval_seconds', interval);
  add('table_runway_target_seconds', policy.premake * interval);
  add('table_coverage_end_timestamp_seconds', coverage.end === null ? toSeconds(readAt) : instant(coverage.end));
  add('table_oldest_partition_end_timestamp_seconds', coverage.oldestEnd === null ? null : instant(coverage.oldestEnd));
  add('table_retention_seconds', retentionSeconds(policy, readAt));
}

/** Microseconds to seconds. */
function toSeconds(micros: bigint): number {
  return Number(micros) / 1e6;
}

function countBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}
