import { ConnectionError, LockTimeoutError, type PartitiondError, StatementError } from '../errors.ts';
import type { MigrationEvent } from '../migrate/event.ts';
import type { SeenMigration } from '../migrate/run/read-seen.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import { isHindered } from '../plan/is-hindered.ts';
import type { StepKind } from '../plan/step.ts';
import type { UnprunedShare } from '../probe/statements/unpruned-share.ts';
import type { ReconcileEvent, TableReport } from '../reconcile/event.ts';
import type { TableStatistics } from '../reconcile/table-statistics.ts';
import type { Labels } from './exposition/render-sample.ts';
import type { MetricStore } from './metric-store.ts';
import { MigrationGauges } from './migration/migration-gauges.ts';
import { ProbeGauges, type ProbeRun } from './probe-gauges.ts';
import { RecentPeak } from './recent-peak.ts';
import type { TableGauges } from './snapshot/table-gauges.ts';
import { UpkeepGauges } from './upkeep-gauges.ts';

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
  /** The last runs of its probes; those that never ran are absent. */
  readonly probes: readonly ProbeRun[];
  /** Those that are not over, or not for long. */
  readonly migrations: readonly SeenMigration[];
  /** When the journal was installed, in seconds since 1970: what never succeeded ages from then on. */
  readonly installedSeconds: number;
}

export const runOutcomes = ['ok', 'failed', 'skipped', 'aborted'] as const;
export type RunOutcome = (typeof runOutcomes)[number];

const stepOutcomes = ['ok', 'failed', 'refused', 'skipped'] as const;
const phases = ['lock', 'read', 'plan', 'apply', 'verify'] as const;
const retryReasons = ['lock-timeout', 'deadlock', 'serialization', 'connection'] as const;
/** catalog: snapshot and plan, every run. migrations: likewise. statistics, sizes, indexes: what the statistics system and the file system say, now and then. */
export type Collector = 'catalog' | 'statistics' | 'sizes' | 'indexes' | 'migrations';

/** Tasks of which no table has a last success of its own: each probe says how it went. */
const isJudgedAsWhole: ReadonlySet<string> = new Set(['probe', 'collect']);

/** How far back `blocked_sessions` looks. */
const blockedWindowSeconds = 60;

/**
 * The leader families of one database, from the moment this process leads it until `drop`. Every known label set exists from the start,
 * else `increase()` misses the first event; what the journal remembers is there from the start too. Gauges of tables are `TableGauges`.
 */
export class LeaderMetrics {
  readonly #store: MetricStore;
  readonly #database: LedDatabase;
  readonly #gauges: TableGauges;
  readonly #failedPhase = new Map<string, string>();
  readonly #blocked = new RecentPeak(blockedWindowSeconds);
  readonly #upkeep: UpkeepGauges;
  readonly #probes: ProbeGauges;
  readonly #migrations: MigrationGauges;

  constructor(store: MetricStore, database: LedDatabase, gauges: TableGauges) {
    this.#store = store;
    this.#database = database;
    this.#gauges = gauges;
    this.#upkeep = new UpkeepGauges(store, database.name);
    this.#probes = new ProbeGauges(store, database, database.probes);
    this.#migrations = new MigrationGauges(store, database.name, database.migrations);
    for (const task of database.tasks) this.#beginTask(task);
    const histories = new Map(database.history.map((history) => [formatQualifiedName(history.table), history]));
    for (const policy of database.tables) this.#beginTable(policy, histories.get(formatQualifiedName(policy.table)));
    for (const step of new Set(database.tables.flatMap(possibleSteps))) {
      store.zero('lock_wait_seconds', this.#labels({ step }));
      for (const reason of retryReasons) store.increase('retries_total', this.#labels({ step, reason }), 0);
    }
    store.set('paused', this.#labels(), 0);
    store.set('blocked_sessions', this.#labels(), 0);
  }

  taskStarted(task: string): void {
    this.#store.set('task_in_progress', this.#labels({ task }), 1);
  }

  taskFinished(task: string, outcome: RunOutcome, durationMs: number, endedSeconds: number): void {
    const labels = this.#labels({ task });
    this.#store.set('task_in_progress', labels, 0);
    // Paused: it was about to run and did not.
    if (outcome === 'skipped') return this.taskSkipped(task);
    this.#store.set('task_last_run_timestamp_seconds', labels, endedSeconds);
    this.#store.set('task_last_duration_seconds', labels, durationMs / 1000);
    this.#store.observe('task_duration_seconds', labels, durationMs / 1000);
    this.#store.increase('task_runs_total', { ...labels, outcome }, 1);
    if (outcome === 'ok') this.#store.set('task_last_success_timestamp_seconds', labels, endedSeconds);
  }

  /** A task that has been at work well for long and goes on. */
  taskWorks(task: string, nowSeconds: number): void {
    this.#store.set('task_last_success_timestamp_seconds', this.#labels({ task }), nowSeconds);
  }

  taskSkipped(task: string): void {
    this.#store.increase('task_runs_total', this.#labels({ task, outcome: 'skipped' }), 1);
  }

  paused(isPaused: boolean): void {
    this.#store.set('paused', this.#labels(), isPaused ? 1 : 0);
  }

  blockedSessions(count: number, nowSeconds: number): void {
    this.#blocked.see(count, nowSeconds);
  }

  /** Resolves when the gauges of tables show all that was told so far. */
  get settled(): Promise<void> {
    return this.#gauges.settled;
  }

  /** Brings up to date what changes by time alone. */
  refresh(nowSeconds: number): void {
    if (this.#upkeep.blocked > 0) this.#blocked.see(this.#upkeep.blocked, nowSeconds);
    this.#store.set('blocked_sessions', this.#labels(), this.#blocked.at(nowSeconds));
  }

  /** `isApply` false: a collection, which reads and plans but must not count what it would refuse. */
  observe(event: ReconcileEvent, isApply: boolean, task: string, nowSeconds: number): void {
    switch (event.kind) {
      case 'snapshot-read':
        this.#snapshotRead(event);
        return;
      case 'lock-timeout':
        this.#store.increase('table_lock_timeouts_total', this.#tableLabels(event.table), 1);
        this.#store.increase('retries_total', this.#labels({ step: event.step.kind, reason: event.reason }), 1);
        return;
      case 'step-finished':
        this.#stepFinished(event.report);
        this.#upkeep.observe(event);
        return;
      case 'table-failed':
        if (isApply) this.#failedPhase.set(formatQualifiedName(event.table), event.phase);
        return;
      case 'table-finished':
        if (isApply) this.#tableFinished(event.report, task, nowSeconds);
        return;
      case 'run-finished':
        if (isApply) this.#failedPhase.clear();
        this.#upkeep.observe(event);
        this.#gauges.publish();
        return;
      case 'sessions-blocked':
        this.#blocked.see(event.count, nowSeconds);
        this.#upkeep.observe(event);
        return;
      case 'step-started':
      case 'step-progress':
      case 'upkeep-held':
        this.#upkeep.observe(event);
        return;
      case 'run-started':
      case 'table-planned':
        return;
    }
  }

  collectorEnded(collector: Collector, isSuccess: boolean, durationMs: number): void {
    this.#store.set('collector_duration_seconds', this.#labels({ collector }), durationMs / 1000);
    this.#store.set('collector_success', this.#labels({ collector }), isSuccess ? 1 : 0);
  }

  statisticsCollected(statistics: readonly TableStatistics[]): void {
    this.#gauges.statisticsCollected(statistics);
  }

  /** The end of a pass over all probes. */
  probesRun(runs: readonly ProbeRun[]): void {
    this.#probes.passed(runs);
  }

  /** The end of an audit of recorded statements; null: there was nothing to look at. */
  statementsAudited(shares: readonly UnprunedShare[] | null): void {
    this.#probes.audited(shares);
  }

  /** The migrations as the journal has them. */
  migrationsRead(seen: readonly SeenMigration[]): void {
    this.#migrations.read(seen);
  }

  migrationHappened(event: MigrationEvent): void {
    this.#migrations.observe(event);
  }

  drop(): void {
    this.#gauges.drop();
    this.#store.dropLeader(this.#database.name);
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

  /** What never succeeded has done so since the journal was installed: it must age. */
  #beginTable(policy: TablePolicy, history: TableHistory | undefined): void {
    const labels = this.#tableLabels(policy.table);
    for (const step of possibleSteps(policy)) {
      for (const outcome of stepOutcomes) {
        this.#store.increase('steps_total', { ...labels, step, outcome }, countedBefore(history, step, outcome));
      }
    }
    for (const phase of phases) this.#store.increase('table_errors_total', { ...labels, phase }, 0);
    this.#store.increase('table_lock_timeouts_total', labels, 0);
    this.#store.increase('table_lock_budget_exhausted_total', labels, 0);
    for (const { task } of this.#database.tasks) {
      if (isJudgedAsWhole.has(task)) continue;
      const seconds = history?.lastSuccess.find((one) => one.task === task)?.seconds ?? this.#database.installedSeconds;
      this.#store.set('table_last_success_timestamp_seconds', { ...labels, task }, seconds);
    }
  }

  #snapshotRead({ facts, tables, isWhole }: Extract<ReconcileEvent, { kind: 'snapshot-read' }>): void {
    this.#store.set('clock_skew_seconds', this.#labels(), Number(facts.now - facts.localNow) / 1e6);
    this.#gauges.snapshotRead(
      tables.map(({ policy, state, plan }) => ({ policy, state, findings: plan.findings })),
      { at: facts.now, isWhole },
    );
  }

  /** A step that never began has waited for nothing; one that was ended while it waited is `skipped` too. */
  #stepFinished({ step, outcome, lockWaitMs, error }: TableReport['steps'][number]): void {
    if (outcome !== 'skipped' || lockWaitMs > 0)
      this.#store.observe('lock_wait_seconds', this.#labels({ step: step.kind }), lockWaitMs / 1000);
    const reason = passingReason(error);
    if (reason !== null) this.#store.increase('retries_total', this.#labels({ step: step.kind, reason }), 1);
  }

  #tableFinished(report: TableReport, task: string, nowSeconds: number): void {
    const key = formatQualifiedName(report.table);
    const labels = this.#tableLabels(report.table);
    if (report.state !== null) this.#gauges.tableRead(key, report.state, report.plan?.findings ?? null);
    for (const { step, outcome, error } of report.steps) {
      this.#store.increase('steps_total', { ...labels, step: step.kind, outcome }, 1);
      if (error instanceof LockTimeoutError) this.#store.increase('table_lock_budget_exhausted_total', labels, 1);
    }
    const phase = failedPhase(report, this.#failedPhase.get(key));
    const isDone = report.steps.every(({ outcome, yieldedTo }) => outcome !== 'skipped' || yieldedTo !== undefined);
    if (phase !== null) this.#store.increase('table_errors_total', { ...labels, phase }, 1);
    else if (isDone) this.#store.set('table_last_success_timestamp_seconds', { ...labels, task }, nowSeconds);
  }

  #labels(labels: Labels = {}): Labels {
    return { database: this.#database.name, ...labels };
  }

  #tableLabels(table: QualifiedName): Labels {
    return this.#labels({ schema: table.schema, table: table.name });
  }
}

/** Kinds of steps that this policy can lead to. */
function possibleSteps(policy: TablePolicy): readonly StepKind[] {
  const steps: StepKind[] = ['create-partition', 'finalize-detach', 'drop-guard'];
  if (policy.defaultPartition === 'managed') steps.push('create-default', 'drain-default');
  if (policy.retention !== null) steps.push('detach-partition');
  // The block of a finished migration may still be there when its old table goes.
  if (policy.retention?.action === 'drop' || policy.migration !== null) steps.push('drop-table');
  return [...steps, ...possibleUpkeep(policy)];
}

function possibleUpkeep({ maintenance, indexes, dropRemovedIndexes }: TablePolicy): readonly StepKind[] {
  const steps: StepKind[] = [];
  if (maintenance !== null) steps.push('vacuum', 'analyze');
  if (maintenance !== null || indexes.length > 0) steps.push('reindex');
  if (indexes.length > 0) steps.push('create-index', 'attach-index');
  // Maintenance alone drops what an interrupted rebuild has left behind.
  if (maintenance !== null || indexes.length > 0 || dropRemovedIndexes) steps.push('drop-index');
  return steps;
}

/** Which phase failed for a table in one run; null when none did (a refusal is no failure). */
function failedPhase(report: TableReport, reported: string | undefined): string | null {
  const failed = report.steps.find((step) => step.outcome === 'failed');
  if (report.error instanceof LockTimeoutError || failed?.error instanceof LockTimeoutError) return 'lock';
  if (report.error !== null) return reported ?? 'read';
  if (failed !== undefined) return 'apply';
  if (!isHindered(report.plan)) return null;
  return report.state?.kind === 'partitioned' ? 'plan' : 'read';
}

/** Why a step that failed is tried again by itself, soon or with the next run; null when that is not for a passing reason. Locks are counted by attempt. */
function passingReason(error: PartitiondError | null): (typeof retryReasons)[number] | null {
  if (error instanceof ConnectionError) return 'connection';
  return error instanceof StatementError && error.sqlstate === '40001' ? 'serialization' : null;
}

/**
 * Steps of that kind and outcome in the history, from which their counter goes on. Refusals begin at 0: the journal knows only those whose
 * step had begun, and counting on from those few would make a smaller number of what this process counted in an earlier term. `increase`
 * takes that for a restart and counts them as new: an alarm for nothing.
 */
function countedBefore(history: TableHistory | undefined, step: string, outcome: string): number {
  if (outcome === 'refused') return 0;
  return history?.steps.find((one) => one.step === step && one.outcome === outcome)?.count ?? 0;
}
