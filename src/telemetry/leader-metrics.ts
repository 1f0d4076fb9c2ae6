import { LockTimeoutError } from '../errors.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import type { StepKind } from '../plan/step.ts';
import type { ReconcileEvent, TableReport } from '../reconcile/event.ts';
import type { TableStatistics } from '../reconcile/table-statistics.ts';
import type { Labels, MetricStore } from './metric-store.ts';
import { type PartitionLimits, seriesPerPartition, sharePartitions } from './partition-budget.ts';
import { type TableView, tableSamples } from './table-samples.ts';

/** A scheduled task as its series begin: with what the journal remembers. Times in seconds since 1970. */
export interface LedTask {
  readonly task: string;
  readonly intervalSeconds: number;
  readonly lastRunSeconds: number;
  readonly lastSuccessSeconds: number;
}

/** What the journal's retained history says of one table. */
export interface TableHistory {
  readonly table: QualifiedName;
  readonly steps: readonly { readonly step: string; readonly outcome: string; readonly count: number }[];
  /** End of the latest run of a task that went well for this table, in seconds since 1970. */
  readonly lastSuccess: readonly { readonly task: string; readonly seconds: number }[];
}

export interface LedDatabase {
  readonly name: string;
  readonly tables: readonly TablePolicy[];
  readonly tasks: readonly LedTask[];
  /** Tables without history are absent. */
  readonly history: readonly TableHistory[];
  /** When the journal was installed, in seconds since 1970: what never succeeded ages from then on. */
  readonly installedSeconds: number;
}

export const runOutcomes = ['ok', 'failed', 'skipped', 'aborted'] as const;
export type RunOutcome = (typeof runOutcomes)[number];

const stepOutcomes = ['ok', 'failed', 'refused', 'skipped'] as const;
const phases = ['lock', 'read', 'plan', 'apply', 'verify'] as const;
/** catalog: snapshot and plan, every run. statistics: sizes and dead rows, now and then. */
export type Collector = 'catalog' | 'statistics';

/**
 * The leader families of one database, from the moment this process leads it until `drop`. Every known label set exists from the start,
 * else `increase()` misses the first event. Gauges of tables are rebuilt as a whole from what was read last.
 */
export class LeaderMetrics {
  readonly #store: MetricStore;
  readonly #database: LedDatabase;
  readonly #limits: PartitionLimits;
  readonly #partitionBudget: number;
  readonly #views = new Map<string, TableView>();
  readonly #failedPhase = new Map<string, string>();

  /** `partitionBudget`: how many partitions of all tables together may have series of their own. */
  constructor(store: MetricStore, database: LedDatabase, limits: PartitionLimits, partitionBudget: number) {
    this.#store = store;
    this.#database = database;
    this.#limits = limits;
    this.#partitionBudget = partitionBudget;
    for (const task of database.tasks) this.#beginTask(task);
    for (const policy of database.tables) this.#beginTable(policy);
    for (const step of new Set(database.tables.flatMap(possibleSteps))) {
      store.zero('lock_wait_seconds', this.#labels({ step }));
      store.increase('retries_total', this.#labels({ step, reason: 'lock-timeout' }), 0);
    }
    store.set('paused', this.#labels(), 0);
  }

  taskStarted(task: string): void {
    this.#store.set('task_in_progress', this.#labels({ task }), 1);
  }

  taskFinished(task: string, outcome: RunOutcome, durationMs: number, endedSeconds: number): void {
    const labels = this.#labels({ task });
    this.#store.set('task_in_progress', labels, 0);
    this.#store.set('task_last_run_timestamp_seconds', labels, endedSeconds);
    this.#store.set('task_last_duration_seconds', labels, durationMs / 1000);
    this.#store.observe('task_duration_seconds', labels, durationMs / 1000);
    this.#store.increase('task_runs_total', { ...labels, outcome }, 1);
    if (outcome === 'ok') this.#store.set('task_last_success_timestamp_seconds', labels, endedSeconds);
  }

  taskSkipped(task: string): void {
    this.#store.increase('task_runs_total', this.#labels({ task, outcome: 'skipped' }), 1);
  }

  paused(isPaused: boolean): void {
    this.#store.set('paused', this.#labels(), isPaused ? 1 : 0);
  }

  /** `isApply` false: a collection, which reads and plans but must not count what it would refuse. */
  observe(event: ReconcileEvent, isApply: boolean, task: string, nowSeconds: number): void {
    switch (event.kind) {
      case 'snapshot-read':
        this.#snapshotRead(event);
        return;
      case 'lock-timeout':
        this.#store.increase('table_lock_timeouts_total', this.#tableLabels(event.table), 1);
        this.#store.increase('retries_total', this.#labels({ step: event.step.kind, reason: 'lock-timeout' }), 1);
        return;
      case 'step-finished':
        this.#store.observe('lock_wait_seconds', this.#labels({ step: event.report.step.kind }), event.report.lockWaitMs / 1000);
        return;
      case 'table-failed':
        if (isApply) this.#failedPhase.set(formatQualifiedName(event.table), event.phase);
        return;
      case 'table-finished':
        if (isApply) this.#tableFinished(event.report, task, nowSeconds);
        return;
      case 'run-finished':
        if (isApply) this.#failedPhase.clear();
        this.#publish();
        return;
      case 'run-started':
      case 'table-planned':
      case 'step-started':
        return;
    }
  }

  collectorEnded(collector: Collector, isSuccess: boolean, durationMs: number): void {
    this.#store.set('collector_duration_seconds', this.#labels({ collector }), durationMs / 1000);
    this.#store.set('collector_success', this.#labels({ collector }), isSuccess ? 1 : 0);
  }

  statisticsCollected(statistics: readonly TableStatistics[]): void {
    for (const one of statistics) {
      const key = formatQualifiedName(one.table);
      const view = this.#views.get(key);
      if (view !== undefined) this.#views.set(key, { ...view, statistics: keepKnown(view, one) });
    }
    this.#publish();
  }

  drop(): void {
    this.#store.dropDatabase(this.#database.name);
  }

  #beginTask({ task, intervalSeconds, lastRunSeconds, lastSuccessSeconds }: LedTask): void {
    const labels = this.#labels({ task });
    for (const outcome of runOutcomes) this.#store.increase('task_runs_total', { ...labels, outcome }, 0);
    this.#store.zero('task_duration_seconds', labels);
    this.#store.set('task_in_progress', labels, 0);
    this.#store.set('task_interval_seconds', labels, intervalSeconds);
    this.#store.set('task_last_run_timestamp_seconds', labels, lastRunSeconds);
    this.#store.set('task_last_success_timestamp_seconds', labels, lastSuccessSeconds);
  }

  #beginTable(policy: TablePolicy): void {
    const labels = this.#tableLabels(policy.table);
    for (const step of possibleSteps(policy)) {
      for (const outcome of stepOutcomes) this.#store.increase('steps_total', { ...labels, step, outcome }, 0);
    }
    for (const phase of phases) this.#store.increase('table_errors_total', { ...labels, phase }, 0);
    this.#store.increase('table_lock_timeouts_total', labels, 0);
    this.#store.increase('table_lock_budget_exhausted_total', labels, 0);
    for (const { task, lastSuccessSeconds } of this.#database.tasks) {
      if (task === 'collect') continue;
      this.#store.set('table_last_success_timestamp_seconds', { ...labels, task }, lastSuccessSeconds);
    }
  }

  /** A table that could not be read is absent from the event and keeps its last view: its alerts must not fall silent. */
  #snapshotRead(event: Extract<ReconcileEvent, { kind: 'snapshot-read' }>): void {
    for (const { policy, state, plan } of event.tables) {
      const key = formatQualifiedName(policy.table);
      const statistics = this.#views.get(key)?.statistics ?? null;
      this.#views.set(key, { database: this.#database.name, policy, state, findings: plan.findings, readAt: event.facts.now, statistics });
    }
    this.#store.set('clock_skew_seconds', this.#labels(), Number(event.facts.now - event.facts.localNow) / 1e6);
    this.#store.set('catalog_snapshot_timestamp_seconds', this.#labels(), Number(event.facts.now) / 1e6);
    this.#publish();
  }

  #tableFinished(report: TableReport, task: string, nowSeconds: number): void {
    const key = formatQualifiedName(report.table);
    const labels = this.#tableLabels(report.table);
    const view = this.#views.get(key);
    if (view !== undefined && report.state !== null) {
      this.#views.set(key, { ...view, state: report.state, findings: report.plan?.findings ?? view.findings });
    }
    for (const { step, outcome, error } of report.steps) {
      this.#store.increase('steps_total', { ...labels, step: step.kind, outcome }, 1);
      if (error instanceof LockTimeoutError) this.#store.increase('table_lock_budget_exhausted_total', labels, 1);
    }
    const phase = failedPhase(report, this.#failedPhase.get(key));
    if (phase === null) this.#store.set('table_last_success_timestamp_seconds', { ...labels, task }, nowSeconds);
    else this.#store.increase('table_errors_total', { ...labels, phase }, 1);
  }

  #publish(): void {
    const views = [...this.#views.values()];
    const isByPartition = this.#limits.partitions !== 'none';
    const wanted = isByPartition ? views.map((view) => wantedPartitions(view, this.#limits)) : [];
    const shares = sharePartitions(wanted, this.#partitionBudget);
    const samples = views.flatMap((view, index) => tableSamples(view, shares[index] ?? null));
    this.#store.replace(this.#database.name, samples);
    const dropped = sum(wanted) - sum(shares);
    this.#store.increase('metrics_dropped_series_total', {}, dropped * seriesPerPartition);
  }

  #labels(labels: Labels = {}): Labels {
    return { database: this.#database.name, ...labels };
  }

  #tableLabels(table: QualifiedName): Labels {
    return this.#labels({ schema: table.schema, table: table.name });
  }
}

function wantedPartitions({ state }: TableView, limits: PartitionLimits): number {
  const count = state.kind === 'partitioned' ? state.table.partitions.length : 0;
  return limits.partitions === 'all' ? count : Math.min(count, limits.topPerTable);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A partition that was locked away this time keeps its last value; one that is gone does not. */
function keepKnown(view: TableView, fresh: TableStatistics): TableStatistics {
  const present = view.state.kind === 'partitioned' ? view.state.table.partitions : [];
  const partitions = new Map(fresh.partitions);
  for (const { oid } of present) {
    const known = view.statistics?.partitions.get(oid);
    if (known !== undefined && !partitions.has(oid)) partitions.set(oid, known);
  }
  return { ...fresh, partitions };
}

/** Kinds of steps that this policy can lead to. */
function possibleSteps(policy: TablePolicy): readonly StepKind[] {
  const steps: StepKind[] = ['create-partition', 'finalize-detach', 'drop-guard'];
  if (policy.defaultPartition === 'managed') steps.push('create-default');
  if (policy.retention !== null) steps.push('detach-partition');
  if (policy.retention?.action === 'drop') steps.push('drop-table');
  return steps;
}

/** Which phase failed for a table in one run; null when none did (a refusal is no failure). */
function failedPhase(report: TableReport, reported: string | undefined): string | null {
  const failed = report.steps.find((step) => step.outcome === 'failed');
  if (report.error instanceof LockTimeoutError || failed?.error instanceof LockTimeoutError) return 'lock';
  if (report.error !== null) return reported ?? 'read';
  return failed === undefined ? null : 'apply';
}
