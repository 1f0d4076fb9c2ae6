import { addSpan } from '../partition/calendar.ts';
import type { PartitionedTable, TableState } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { type Edge, type EpochMicros, isPosition } from '../partition/position.ts';
import { type Coverage, tableCoverage } from '../plan/coverage.ts';
import type { Finding } from '../plan/finding.ts';
import type { TableStatistics } from '../reconcile/table-statistics.ts';
import type { MetricName } from './metric-catalogue.ts';
import type { Labels, Sample } from './metric-store.ts';
import { partitionSamples } from './partition-samples.ts';

/** What is known of one table; every gauge of the table follows from it. */
export interface TableView {
  readonly database: string;
  readonly policy: TablePolicy;
  readonly state: TableState;
  readonly findings: readonly Finding[];
  /** The database's clock at the snapshot. */
  readonly readAt: EpochMicros;
  /** Null until the first collection. */
  readonly statistics: TableStatistics | null;
}

/**
 * All gauges of one table, each label set once. A value that has no meaning for the table (a runway in seconds of an integer key, the rows
 * of a default partition that does not exist) is left out rather than 0. `partitionCount` partitions get series of their own; null: no series
 * by partition at all. Pure, throws nothing.
 */
export function tableSamples(view: TableView, partitionCount: number | null): readonly Sample[] {
  const { policy, state, findings } = view;
  const identity = { database: view.database, schema: policy.table.schema, table: policy.table.name };
  const samples: Sample[] = [];
  const add: AddSample = (name, value, labels = {}) => {
    if (value !== null) samples.push({ name, labels: { ...identity, ...labels }, value });
  };
  add('table_premake_partitions', policy.premake);
  for (const [kind, count] of countBy(findings, (finding) => finding.kind)) add('table_findings', count, { finding: kind });
  if (state.kind !== 'partitioned') return samples;
  addPartitions(add, state.table);
  addStatistics(add, state.table, view.statistics);
  const coverage = tableCoverage(policy, state.table, view.readAt);
  if (coverage !== null) addCoverage(add, coverage, state.table, policy, view.readAt);
  if (partitionCount !== null) samples.push(...partitionSamples(identity, state.table, coverage, view.statistics, partitionCount));
  return samples;
}

type AddSample = (name: MetricName, value: number | null, labels?: Labels) => void;

function addPartitions(add: AddSample, table: PartitionedTable): void {
  const pending = table.partitions.filter((partition) => partition.isDetachPending).length;
  const foreign = table.partitions.filter((partition) => partition.kind === 'foreign' && !partition.isDetachPending).length;
  add('table_partitions', table.partitions.length - pending - foreign, { state: 'attached' });
  add('table_partitions', pending, { state: 'detach-pending' });
  add('table_partitions', foreign, { state: 'foreign' });
  add('table_partitions', table.detached.filter((detached) => detached.state === 'present').length, { state: 'detached' });
  add('table_default_partition_rows', defaultRows(table));
}

function defaultRows(table: PartitionedTable): number | null {
  if (table.defaultRows === null) return null;
  const { count, isExact } = table.defaultRows;
  const estimate = table.partitions.find((partition) => partition.bound.kind === 'default')?.estimatedRows ?? 0;
  return isExact ? count : Math.max(count, estimate);
}

function addStatistics(add: AddSample, table: PartitionedTable, statistics: TableStatistics | null): void {
  add('table_rows', sum(table.partitions.map((partition) => Math.max(partition.estimatedRows, 0))));
  add('table_unanalyzed_partitions', table.partitions.filter((partition) => partition.estimatedRows < 0).length);
  if (statistics === null) return;
  const known = table.partitions.flatMap((partition) => statistics.partitions.get(partition.oid) ?? []);
  add('table_dead_rows', sum(known.map((partition) => partition.deadRows)));
  add('table_size_bytes', sum(known.map((partition) => partition.heapBytes)), { component: 'heap' });
  add('table_size_bytes', sum(known.map((partition) => partition.indexBytes)), { component: 'index' });
  add('table_size_bytes', sum(known.map((partition) => partition.toastBytes)), { component: 'toast' });
}

function addCoverage(add: AddSample, coverage: Coverage, table: PartitionedTable, policy: TablePolicy, readAt: EpochMicros): void {
  add('table_future_partitions', coverage.future.length);
  add('table_coverage_gaps', coverage.gaps);
  add('table_expired_partitions', coverage.expired.length);
  add('table_held_partitions', coverage.held.length);
  if (table.codec.axis === 'integer') return add('table_headroom_intervals', coverage.headroom);
  const seconds = (edge: Edge): number => (isPosition(edge) ? toSeconds(table.codec.instantOf(edge)) : edge);
  const interval = seconds(coverage.interval.to) - seconds(coverage.interval.from);
  add('table_interval_seconds', interval);
  add('table_runway_target_seconds', policy.premake * interval);
  add('table_coverage_end_timestamp_seconds', coverage.end === null ? toSeconds(readAt) : seconds(coverage.end));
  add('table_oldest_partition_end_timestamp_seconds', coverage.oldestEnd === null ? null : seconds(coverage.oldestEnd));
  const keep = policy.retention?.keep;
  if (keep?.kind === 'calendar') add('table_retention_seconds', toSeconds(readAt - addSpan(readAt, keep, policy.timezone, -1)));
}

/** Microseconds to seconds. */
function toSeconds(micros: bigint): number {
  return Number(micros) / 1e6;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function countBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}
