import type { MetricDeclaration } from './metric-declaration.ts';

/**
 * Every metric family that partitiond exports, but for the process_* and nodejs_* defaults of prom-client. The only place where names, labels
 * and help texts are written: the exposition and docs/metrics.md are made from it.
 * Rules (observability.md, section 1): base units, `_total` on counters only, timestamps rather than ages, label values are the contract's
 * words, and a sum or an average over the labels of a family makes sense.
 * Source: prometheus.io/docs/practices/naming, prometheus.io/docs/practices/instrumentation.
 */
const processFamilies = {
  build_info: ['gauge', ['version', 'revision', 'node_version'], 'Build metadata, always 1.'],
  config_last_reload_successful: ['gauge', [], '1 when the last load of the configuration succeeded, else 0.'],
  config_last_reload_success_timestamp_seconds: [
    'gauge',
    [],
    'Time of the last successful load of the configuration, in seconds since 1970.',
  ],
  database_up: ['gauge', ['database'], '1 when the last connection attempt of this process succeeded, else 0.'],
  postgres_version_num: [
    'gauge',
    ['database'],
    'server_version_num at the last connection of this process, for example 180004; 0 = unknown.',
  ],
  postgres_in_recovery: ['gauge', ['database'], '1 when the server was a standby at the last connection of this process, else 0.'],
  leader: ['gauge', ['database'], '1 while this process leads the database, else 0.'],
  leader_epoch: ['gauge', ['database'], 'Highest leadership epoch that this process has held; 0 = none.'],
  leader_transitions_total: ['counter', ['database', 'reason'], 'Changes of leadership of this process, by reason.'],
  metrics_dropped_series_total: [
    'counter',
    [],
    'Series of partitions that were left out for `metrics.maxSeries` or for the 2,000 partitions of a process, counted at every snapshot.',
  ],
} as const;

const leaderFamilies = {
  clock_skew_seconds: ['gauge', [], 'Clock of the database minus clock of this process, in seconds.'],
  task_runs_total: ['counter', ['task', 'outcome'], 'Runs of a task by outcome.'],
  task_duration_seconds: ['histogram', ['task'], 'Duration of the runs of a task, in seconds.', 'task'],
  task_last_run_timestamp_seconds: ['gauge', ['task'], 'End of the last run of a task, in seconds since 1970.'],
  task_last_success_timestamp_seconds: [
    'gauge',
    ['task'],
    'End of the last run of a task in which no table failed, in seconds since 1970.',
  ],
  task_last_duration_seconds: ['gauge', ['task'], 'Duration of the last run of a task, in seconds.'],
  task_in_progress: ['gauge', ['task'], '1 while a task runs, else 0.'],
  task_interval_seconds: ['gauge', ['task'], 'Longest gap between two firings of the schedule of a task in the next 31 days, in seconds.'],
  lock_wait_seconds: ['histogram', ['step'], 'Time that a step waited for its locks, failed attempts included, in seconds.', 'lock'],
  retries_total: ['counter', ['step', 'reason'], 'Repeated attempts of steps by reason.'],
  paused: ['gauge', [], '1 while `partitiond pause` stops all tasks that change something, else 0.'],
  catalog_snapshot_timestamp_seconds: ['gauge', [], 'Time of the snapshot behind all series of tables, in seconds since 1970.'],
  collector_duration_seconds: ['gauge', ['collector'], 'Duration of the last run of a collector, in seconds.'],
  collector_success: ['gauge', ['collector'], '1 when the last run of a collector succeeded, else 0.'],
} as const;

const tableFamilies = {
  steps_total: ['counter', ['step', 'outcome'], 'Steps by kind and outcome; refused = a guard stopped it.'],
  table_last_success_timestamp_seconds: [
    'gauge',
    ['task'],
    'End of the last run of a task that did not fail for this table, in seconds since 1970.',
  ],
  table_errors_total: ['counter', ['phase'], 'Runs that failed for this table, by the phase that failed.'],
  table_findings: ['gauge', ['finding'], 'Current findings by kind; kinds without findings are absent.'],
  table_lock_timeouts_total: ['counter', [], 'Attempts that were given up because a lock was not obtained in time.'],
  table_lock_budget_exhausted_total: ['counter', [], 'Steps that were given up because the whole lock budget was spent.'],
  table_partitions: ['gauge', ['state'], 'Partitions by state.'],
  table_premake_partitions: ['gauge', [], 'Partitions after the current one that the policy wants.'],
  table_future_partitions: ['gauge', [], 'Partitions present wholly after the current one.'],
  table_interval_seconds: ['gauge', [], 'Width of the current interval of the policy, in seconds; time keys only.'],
  table_retention_seconds: ['gauge', [], 'Retention of the policy counted back from now, in seconds; time keys with retention only.'],
  table_runway_target_seconds: ['gauge', [], 'Time that the premade partitions are meant to cover, in seconds; time keys only.'],
  table_coverage_end_timestamp_seconds: [
    'gauge',
    [],
    'End of the coverage without a gap from now on, in seconds since 1970; time keys only.',
  ],
  table_headroom_intervals: ['gauge', [], 'Whole partitions left without a gap after the newest key; integer keys only.'],
  table_coverage_gaps: ['gauge', [], 'Missing ranges between the first and the last partition.'],
  table_default_partition_rows: ['gauge', [], 'Rows in the default partition: exact up to 10,001, then estimated.'],
  table_oldest_partition_end_timestamp_seconds: [
    'gauge',
    [],
    'Upper bound of the oldest partition that is neither held nor the last one, in seconds since 1970; time keys only.',
  ],
  table_expired_partitions: ['gauge', [], 'Attached partitions past retention and not on hold.'],
  table_held_partitions: ['gauge', [], 'Attached partitions on hold.'],
  table_size_bytes: ['gauge', ['component'], 'Size of the whole tree by component, in bytes.'],
  table_rows: ['gauge', [], 'Rows of the whole tree, estimated from statistics.'],
  table_dead_rows: ['gauge', [], 'Dead rows of the whole tree, estimated from statistics.'],
  table_unanalyzed_partitions: ['gauge', [], 'Partitions that were never analysed (reltuples -1).'],
  partition_size_bytes: ['gauge', ['partition'], 'Size of a partition, in bytes; a bounded set, `_other` is the rest of the table.'],
  partition_rows: ['gauge', ['partition'], 'Rows of a partition, estimated; a bounded set, `_other` is the rest of the table.'],
} as const;

/** Upper bounds in seconds. Nothing may match an integer `le`: OpenMetrics prints 5 as 5.0. */
const buckets: Readonly<Record<'task' | 'lock', readonly number[]>> = {
  task: [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400],
  lock: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
};

export type MetricName = keyof typeof processFamilies | keyof typeof leaderFamilies | keyof typeof tableFamilies;

/** In front of every name on the wire. */
export const metricPrefix = 'partitiond_';

/** All families, process first, then per database, then per table. */
export const metricCatalogue: ReadonlyMap<MetricName, MetricDeclaration> = new Map([
  ...declare('process', processFamilies),
  ...declare('leader', leaderFamilies),
  ...declare('table', tableFamilies),
]);

type Draft = readonly [type: MetricDeclaration['type'], labels: readonly string[], help: string, buckets?: keyof typeof buckets];

function declare(
  scope: MetricDeclaration['scope'],
  families: Readonly<Partial<Record<MetricName, Draft>>>,
): readonly [MetricName, MetricDeclaration][] {
  const names = Object.keys(families).filter((name): name is MetricName => name in families);
  return names.flatMap((name): [MetricName, MetricDeclaration][] => {
    const draft = families[name];
    if (draft === undefined) return [];
    const [type, labels, help, bounds] = draft;
    return [[name, { type, labels, help, scope, ...(bounds === undefined ? {} : { buckets: buckets[bounds] }) }]];
  });
}
