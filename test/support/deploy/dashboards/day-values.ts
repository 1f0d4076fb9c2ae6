import type { Day } from './day.ts';

/** One time of one day. `isBad` from the second hour of the bad day on. */
export interface Moment {
  readonly day: Day;
  /** Seconds since 1970. */
  readonly now: number;
  /** Since the day's start. */
  readonly hour: number;
  readonly isBad: boolean;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly suffix?: string;
}

export type Values = (moment: Moment) => readonly Sample[];
type Value = (moment: Moment, labels: Readonly<Record<string, string>>) => number | null;

const hourSeconds = 3600;
const daySeconds = 86_400;
const gibibyte = 2 ** 30;

export const instances: readonly string[] = ['10.0.0.11:9788', '10.0.0.12:9788', '10.0.0.13:9788'];

const tables = [
  { database: 'app', schema: 'public', table: 'orders', interval: daySeconds, scale: 1 },
  { database: 'app', schema: 'public', table: 'events', interval: hourSeconds, scale: 8 },
  { database: 'app', schema: 'public', table: 'measurements', interval: null, scale: 3 },
  { database: 'audit', schema: 'log', table: 'entries', interval: 7 * daySeconds, scale: 2 },
  { database: 'audit', schema: 'log', table: 'logins', interval: 30 * daySeconds, scale: 0.2 },
] as const;
type Table = (typeof tables)[number];

/** The leader changes once on a good day, at a rollout; on a bad one every hour. */
function leaderOf(moment: Moment): string {
  const index = moment.day === 'good' ? Math.floor(moment.hour / 3) : Math.floor(moment.hour);
  return instances[index % 2] ?? '';
}

function epochOf({ day, hour }: Moment): number {
  return 40 + (day === 'good' ? Math.floor(hour / 3) : Math.floor(hour));
}

const isTimed = ({ interval }: Table): boolean => interval !== null;

/** Samples of a process, of each of its databases, of the leader of a database, of a table. */
function ofProcess(value: Value): Values {
  return (moment) => instances.flatMap((instance) => sample({ instance }, value, moment));
}

function ofDatabase(value: Value): Values {
  return (moment) => instances.flatMap((instance) => ['app', 'audit'].flatMap((database) => sample({ instance, database }, value, moment)));
}

function ofLeader(value: Value): Values {
  return (moment) => ['app', 'audit'].flatMap((database) => sample({ instance: leaderOf(moment), database }, value, moment));
}

function ofTable(value: (moment: Moment, table: Table) => number | null): Values {
  return (moment) =>
    tables.flatMap((one) => {
      const { database, schema, table } = one;
      return sample({ instance: leaderOf(moment), database, schema, table }, () => value(moment, one), moment);
    });
}

function sample(labels: Readonly<Record<string, string>>, value: Value, moment: Moment): readonly Sample[] {
  const found = value(moment, labels);
  return found === null ? [] : [{ labels, value: found }];
}

/** The same for each value of a further label. */
function each(label: string, texts: readonly string[], values: (text: string) => Values): Values {
  return (moment) => texts.flatMap((text) => values(text)(moment).map((one) => ({ ...one, labels: { ...one.labels, [label]: text } })));
}

function histogram(bounds: readonly number[], perHour: number, typical: number, values: (value: Value) => Values): Values {
  return (moment) =>
    values(() => Math.floor(moment.hour * perHour))(moment).flatMap(({ labels, value: count }) => [
      ...[...bounds, Number.POSITIVE_INFINITY].map((bound) => ({
        labels: { ...labels, le: bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound) },
        value: Math.floor(count * Math.min(1, bound / (2 * typical))),
        suffix: '_bucket',
      })),
      { labels, value: count, suffix: '_count' },
      { labels, value: count * typical, suffix: '_sum' },
    ]);
}

const tasks = ['provision', 'retention', 'maintenance', 'index', 'migrate', 'probe', 'collect'];
const gapOf = (task: string): number => ({ provision: 600, retention: 3600, probe: 300, collect: 60 })[task] ?? 900;
const steps = ['create-partition', 'detach-partition', 'drop-table', 'vacuum', 'analyze'];
const collectors = ['catalog', 'statistics', 'sizes', 'indexes'];

/** What happens so often an hour, on a bad day `bad` more of it. */
const grows =
  (good: number, bad = 0) =>
  ({ hour, isBad }: Moment): number =>
    Math.floor(hour * good + (isBad ? (hour - 1) * bad : 0));

const agoUnlessBad =
  (seconds: number) =>
  ({ now, hour, isBad }: Moment): number =>
    isBad ? now - (hour - 1) * hourSeconds - seconds : now - (now % seconds);

const partitions = ['p1', 'p2', 'p3', 'p4', 'default', '_other'];
const ofPartition = (value: (moment: Moment, table: Table) => number): Values => each('partition', partitions, () => ofTable(value));
const ofProbe = (value: (moment: Moment, table: Table) => number | null): Values => each('probe', ['current'], () => ofTable(value));

/** Time keys only, or integer keys only. */
const timed =
  (value: (moment: Moment, table: Table, interval: number) => number) =>
  (moment: Moment, table: Table): number | null =>
    table.interval === null ? null : value(moment, table, table.interval);
const counted =
  (value: (moment: Moment) => number) =>
  (moment: Moment, table: Table): number | null =>
    isTimed(table) ? null : value(moment);

const families: Readonly<Record<string, Values>> = {
  build_info: ofBuild(),
  config_last_reload_successful: ofProcess(({ isBad }, { instance }) => (isBad && instance === instances[2] ? 0 : 1)),
  config_last_reload_success_timestamp_seconds: ofProcess(({ now }) => now - daySeconds),
  config_reloads_total: each('outcome', ['ok', 'failed'], (outcome) => ofProcess(grows(outcome === 'ok' ? 0.5 : 0, 1))),
  config_hash: ofDatabase(({ isBad }, { instance }) => (isBad && instance === instances[2] ? 1 : 0) + 158_723_412_345_678),
  config_generation: ofDatabase(({ isBad }, { instance }) => (isBad && instance === instances[2] ? 6 : 7)),
  database_up: ofDatabase(({ isBad }, { instance }) => (isBad && instance === instances[2] ? 0 : 1)),
  postgres_version_num: ofDatabase(() => 180_004),
  postgres_in_recovery: ofDatabase(() => 0),
  // On a bad day two lead the database audit.
  leader: ofDatabase((moment, { instance, database }) =>
    instance === leaderOf(moment) || (moment.isBad && instance === instances[2] && database === 'audit') ? 1 : 0,
  ),
  leader_epoch: ofDatabase((moment, { instance }) => (instance === leaderOf(moment) ? epochOf(moment) : 39)),
  leader_last_renewal_timestamp_seconds: ofDatabase((moment, { instance }) => (instance === leaderOf(moment) ? moment.now - 3 : 0)),
  leader_transitions_total: each('reason', ['acquired', 'released', 'lost', 'fenced'], (reason) =>
    ofDatabase((moment) => (reason === 'acquired' || (moment.isBad && reason === 'lost') ? epochOf(moment) - 40 : 0)),
  ),
  leadership_refused: each('reason', ['standby', 'pooler', 'old-generation', 'journal-version', 'drained'], (reason) =>
    ofDatabase(({ isBad }, { instance }) => (isBad && instance === instances[2] && reason === 'old-generation' ? 1 : 0)),
  ),
  pool_connections: each('state', ['idle', 'active', 'waiting'], (state) => ofDatabase(() => (state === 'idle' ? 2 : 0))),
  statement_errors_total: each('sqlstate_class', ['08', '40', '55', '57'], (one) => ofDatabase(grows(0, one === '55' ? 30 : 0))),
  metrics_series: ofProcess(() => 1200),
  metrics_render_seconds: ofProcess(() => 0.012),
  metrics_dropped_series_total: ofProcess(grows(0, 3000)),
  clock_skew_seconds: ofLeader(({ isBad }) => (isBad ? -7 : 0.002)),
  task_runs_total: each('task', tasks, (task) =>
    each('outcome', ['ok', 'failed', 'skipped', 'aborted'], (outcome) =>
      ofLeader(outcome === 'ok' ? grows(hourSeconds / gapOf(task)) : grows(0, outcome === 'failed' ? 4 : 1)),
    ),
  ),
  task_duration_seconds: each('task', tasks, (task) =>
    histogram([0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400], hourSeconds / gapOf(task), 2, ofLeader),
  ),
  task_last_run_timestamp_seconds: each('task', tasks, (task) => ofLeader(({ now }) => now - (now % gapOf(task)))),
  task_last_success_timestamp_seconds: each('task', tasks, (task) => ofLeader(agoUnlessBad(gapOf(task)))),
  task_last_duration_seconds: each('task', tasks, () => ofLeader(({ isBad }) => (isBad ? 250 : 1.4))),
  task_in_progress: each('task', tasks, (task) => ofLeader(({ now }) => (now % gapOf(task) < 60 ? 1 : 0))),
  task_interval_seconds: each('task', tasks, (task) => ofLeader(() => gapOf(task))),
  lock_wait_seconds: each('step', steps, () => histogram([0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30], 12, 0.04, ofLeader)),
  retries_total: each('step', steps, () => each('reason', ['lock-timeout', 'deadlock', 'connection'], () => ofLeader(grows(0.5, 9)))),
  blocked_sessions: ofLeader(({ isBad }) => (isBad ? 12 : 0)),
  maintenance_held: each('reason', ['replication-lag', 'lock-waiters'], () => ofLeader(({ isBad }) => (isBad ? 1 : 0))),
  paused: ofLeader(({ isBad }) => (isBad ? 1 : 0)),
  catalog_snapshot_timestamp_seconds: ofLeader(agoUnlessBad(60)),
  collector_duration_seconds: each('collector', collectors, () => ofLeader(() => 0.08)),
  collector_success: each('collector', collectors, (one) => ofLeader(({ isBad }) => (isBad && one === 'sizes' ? 0 : 1))),
  steps_total: each('step', steps, () =>
    each('outcome', ['ok', 'failed', 'refused'], (outcome) => ofTable(outcome === 'ok' ? grows(1.5) : grows(0, 2))),
  ),
  table_last_success_timestamp_seconds: each('task', tasks, (task) => ofTable(agoUnlessBad(gapOf(task)))),
  table_errors_total: each('phase', ['lock', 'read', 'plan', 'apply', 'verify'], (phase) => ofTable(grows(0, phase === 'apply' ? 4 : 0))),
  table_lock_timeouts_total: ofTable(grows(0, 20)),
  table_lock_budget_exhausted_total: ofTable(grows(0, 4)),
  table_step_progress_ratio: each('step', ['vacuum'], () =>
    each('partition', ['p3'], () => ofTable(({ isBad, hour }) => (isBad ? (hour - 1) / 6 : null))),
  ),
  probe_success: ofProbe(({ isBad }) => (isBad ? 0 : 1)),
  probe_partitions_scanned: ofProbe(({ isBad }) => (isBad ? 40 : 1)),
  probe_partitions_allowed: ofProbe(() => 1),
  probe_last_run_timestamp_seconds: ofProbe(({ now }) => now - (now % 300)),
  probe_planning_seconds: ofProbe(() => 0.0004),
  probe_execution_seconds: ofProbe(() => 0.003),
  probe_runs_total: each('outcome', ['met', 'missed', 'failed'], (outcome) =>
    ofProbe(outcome === 'met' ? grows(12) : grows(0, outcome === 'missed' ? 12 : 0)),
  ),
  table_unpruned_statements: ofTable(({ isBad }) => (isBad ? 3 : 0)),
  table_unpruned_statement_time_ratio: ofTable(({ isBad }) => (isBad ? 0.4 : 0)),
  migration_phase: each('phase', ['backfill', 'ready'], (phase) => ofTable(({ isBad }) => ((phase === 'ready') === isBad ? 0 : 1))),
  migration_rows_copied_total: ofTable(grows(1e7)),
  migration_rows_estimated: ofTable(() => 6e7),
  migration_progress_ratio: ofTable(({ hour }) => hour / 6),
  migration_estimated_completion_timestamp_seconds: ofTable(({ now }) => now + hourSeconds),
  migration_last_progress_timestamp_seconds: ofTable(agoUnlessBad(60)),
  migration_backlog_rows: ofTable(({ isBad }) => (isBad ? 4e6 : 200)),
  migration_log_bytes: ofTable(({ isBad }) => (isBad ? gibibyte : 8192)),
  migration_oldest_unreplayed_timestamp_seconds: ofTable(agoUnlessBad(60)),
  migration_rows_replayed_total: ofTable(grows(1000)),
  migration_batch_duration_seconds: histogram([0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30], 3600, 0.3, (value) =>
    ofTable((moment) => value(moment, {})),
  ),
  migration_canary_commit_seconds: histogram([0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30], 3600, 0.04, (value) =>
    ofTable((moment) => value(moment, {})),
  ),
  migration_throttled_seconds_total: each('reason', ['load', 'replication-lag'], () => ofTable(grows(0, 600))),
  migration_paused: each('reason', ['mismatch'], () => ofTable(({ isBad }) => (isBad ? 1 : 0))),
  migration_rows_verified_total: ofTable(grows(1e6)),
  migration_verification_mismatches: ofTable(({ isBad }) => (isBad ? 2 : 0)),
  migration_last_verification_timestamp_seconds: ofTable(agoUnlessBad(600)),
  migration_soak_begin_timestamp_seconds: ofTable(({ now }) => now - daySeconds),
  migration_switch_attempts_total: each('direction', ['forward'], () =>
    each('outcome', ['ok', 'lock-timeout'], () => ofTable(grows(0, 12))),
  ),
  migration_switch_lock_seconds: each('direction', ['forward'], () => ofTable(() => 0.08)),
  table_findings: each('finding', ['gap', 'rows-in-default', 'removal-budget'], () => ofTable(({ isBad }) => (isBad ? 2 : null))),
  table_partitions: each('state', ['attached', 'detach-pending', 'detached', 'foreign'], (state) =>
    ofTable(({ isBad }) => (state === 'attached' ? 30 : isBad && state === 'detach-pending' ? 1 : 0)),
  ),
  table_premake_partitions: ofTable(() => 4),
  table_future_partitions: ofTable(({ isBad }) => (isBad ? 1 : 4)),
  table_interval_seconds: ofTable(timed((_, __, interval) => interval)),
  table_retention_seconds: ofTable(timed((_, __, interval) => 24 * interval)),
  table_runway_target_seconds: ofTable(timed((_, __, interval) => 4 * interval)),
  table_coverage_end_timestamp_seconds: ofTable(
    timed(({ now, isBad, hour }, _, interval) =>
      isBad ? now - (hour - 1) * hourSeconds + 0.9 * interval : now - (now % 600) + 4 * interval,
    ),
  ),
  table_headroom_intervals: ofTable(counted(({ isBad }) => (isBad ? 0 : 4))),
  table_forecast_exhaustion_timestamp_seconds: ofTable(counted(({ now }) => now + 2 * daySeconds)),
  table_coverage_gaps: ofTable(({ isBad }) => (isBad ? 1 : 0)),
  table_default_partition_rows: ofTable(({ isBad }) => (isBad ? 2500 : 0)),
  table_default_partition_bytes: ofTable(({ isBad }) => (isBad ? 458_752 : 8192)),
  table_oldest_partition_end_timestamp_seconds: ofTable(timed(({ now, isBad }, _, interval) => now - (isBad ? 30 : 23.5) * interval)),
  table_expired_partitions: ofTable(({ isBad }) => (isBad ? 6 : 0)),
  table_held_partitions: ofTable(() => 1),
  table_size_bytes: each('component', ['heap', 'index', 'toast'], (one) =>
    ofTable(({ hour }, { scale }) => scale * gibibyte * (one === 'heap' ? 40 + hour / 10 : 9)),
  ),
  table_rows: ofTable(({ hour }, { scale }) => scale * (3e8 + hour * 1e5)),
  table_dead_rows: ofTable(({ isBad }, { scale }) => scale * (isBad ? 1e8 : 4e6)),
  table_unanalyzed_partitions: ofTable(({ isBad }) => (isBad ? 5 : 0)),
  table_oldest_xid_age_transactions: ofTable(({ isBad }) => (isBad ? 1.2e9 : 1.4e8)),
  table_oldest_mxid_age_transactions: ofTable(() => 2e7),
  table_oldest_vacuum_timestamp_seconds: ofTable(({ now, isBad }) => (isBad ? 0 : now - 3 * daySeconds)),
  table_oldest_analyze_timestamp_seconds: ofTable(({ now }) => now - 2 * daySeconds),
  table_parent_analyze_timestamp_seconds: ofTable(({ now }) => now - daySeconds),
  table_partition_size_median_bytes: ofTable((_, { scale }) => scale * gibibyte),
  table_partition_size_max_bytes: ofTable((_, { scale }) => 1.6 * scale * gibibyte),
  table_size_skew_ratio: ofTable(() => 1.6),
  table_growth_bytes_per_second: ofTable(timed((_, { scale }) => scale * 12_000)),
  table_forecast_size_bytes: each('horizon', ['7d', '30d', '90d'], (horizon) =>
    ofTable(timed((_, { scale }) => scale * gibibyte * (50 + Number.parseInt(horizon, 10)))),
  ),
  table_invalid_indexes: ofTable(({ isBad }) => (isBad ? 1 : 0)),
  table_drifted_partitions: each('drift', ['owner', 'acl', 'index', 'constraint', 'storage', 'replica-identity'], (drift) =>
    ofTable(({ isBad }) => (isBad && drift === 'acl' ? 4 : 0)),
  ),
  partitions_exported: ofTable(() => 5),
  partitions_omitted: ofTable(() => 25),
  partition_size_bytes: ofPartition((_, { scale }) => 1.1 * scale * gibibyte),
  partition_rows: ofPartition((_, { scale }) => scale * 9e6),
  partition_dead_rows: ofPartition((_, { scale }) => scale * 1e5),
  partition_xid_age_transactions: ofPartition(({ isBad }) => (isBad ? 1.2e9 : 1.1e8)),
};

/** The samples of a family at a moment. Throws when nobody has said what they are. */
export function valuesOf(name: string): Values {
  const values = families[name.replace(/^partitiond_/, '')];
  if (values === undefined) throw new Error(`test/support/deploy/dashboards/day-values.ts has no values of ${name}`);
  return values;
}

function ofBuild(): Values {
  const process = ofProcess(() => 1);
  const build = { version: '0.1.0', revision: '8c1e3f0', node_version: 'v24.4.0' };
  return (moment) => process(moment).map((one) => ({ ...one, labels: { ...one.labels, ...build } }));
}
