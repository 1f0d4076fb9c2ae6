import type { SessionObserver } from '../postgres/session-observer.ts';
import type { ReconcileEvent } from '../reconcile/event.ts';
import type { TableStatistics } from '../reconcile/table-statistics.ts';
import { type Collector, LeaderMetrics, type LedDatabase, type RunOutcome } from './leader-metrics.ts';
import { MetricStore } from './metric-store.ts';
import { type PartitionLimits, partitionBudget } from './partition-budget.ts';

export interface MetricsOptions {
  readonly version: string;
  /** Commit of the build; empty when unknown. */
  readonly revision: string;
  /** Names of the configured databases. */
  readonly databases: readonly string[];
  readonly limits: PartitionLimits;
  /** The local clock, in seconds since 1970. */
  readonly nowSeconds: () => number;
}

/** Why leadership changed hands. acquired: gained; released: given back; lost: the lock's connection went; fenced: a newer epoch exists. */
const transitionReasons = ['acquired', 'released', 'lost', 'fenced'] as const;
/** Why this process must not lead a database although nobody else does, or nobody knows. */
export const refusalReasons = ['standby', 'pooler', 'old-generation', 'journal-version', 'drained'] as const;
export type RefusalReason = (typeof refusalReasons)[number];
export type LossReason = Exclude<(typeof transitionReasons)[number], 'acquired'>;

/**
 * What the daemon tells and Prometheus reads. Process families exist from the start; leader families between `acquired` and `lost`, so that
 * of many replicas one exports the tables. Methods about a database that is not led do nothing.
 */
export class Metrics {
  readonly #store = new MetricStore();
  readonly #options: MetricsOptions;
  readonly #led = new Map<string, LeaderMetrics>();

  constructor(options: MetricsOptions) {
    this.#options = options;
    const { version, revision } = options;
    this.#store.set('build_info', { version, revision, node_version: process.version }, 1);
    this.#store.increase('metrics_dropped_series_total', {}, 0);
    for (const database of options.databases) {
      for (const name of ['database_up', 'postgres_version_num', 'postgres_in_recovery', 'leader', 'leader_epoch'] as const) {
        this.#store.set(name, { database }, 0);
      }
      for (const reason of transitionReasons) this.#store.increase('leader_transitions_total', { database, reason }, 0);
    }
  }

  configurationLoaded(isSuccessful: boolean): void {
    this.#store.set('config_last_reload_successful', {}, isSuccessful ? 1 : 0);
    if (isSuccessful) this.#store.set('config_last_reload_success_timestamp_seconds', {}, this.#options.nowSeconds());
  }

  databaseUp(database: string, server: { readonly version: number; readonly isInRecovery: boolean }): void {
    this.#store.set('database_up', { database }, 1);
    this.#store.set('postgres_version_num', { database }, server.version);
    this.#store.set('postgres_in_recovery', { database }, server.isInRecovery ? 1 : 0);
  }

  databaseDown(database: string): void {
    this.#store.set('database_up', { database }, 0);
  }

  acquired(database: LedDatabase, epoch: bigint): void {
    const { limits, databases } = this.#options;
    this.#led.set(database.name, new LeaderMetrics(this.#store, database, limits, partitionBudget(limits, databases.length)));
    this.#store.set('leader', { database: database.name }, 1);
    this.#store.set('leader_epoch', { database: database.name }, Number(epoch));
    this.#store.increase('leader_transitions_total', { database: database.name, reason: 'acquired' }, 1);
  }

  /** Call it once all work has ended: first the leader families go, then `leader` is 0. */
  lost(database: string, reason: LossReason): void {
    this.#led.get(database)?.drop();
    this.#led.delete(database);
    this.#store.set('leader', { database }, 0);
    this.#store.increase('leader_transitions_total', { database, reason }, 1);
  }

  taskStarted(database: string, task: string): void {
    this.#led.get(database)?.taskStarted(task);
  }

  taskFinished(database: string, task: string, outcome: RunOutcome, durationMs: number): void {
    this.#led.get(database)?.taskFinished(task, outcome, durationMs, this.#options.nowSeconds());
  }

  /** A firing that started nothing: the task still runs, or work is paused. */
  taskSkipped(database: string, task: string): void {
    this.#led.get(database)?.taskSkipped(task);
  }

  paused(database: string, isPaused: boolean): void {
    this.#led.get(database)?.paused(isPaused);
  }

  /** Events of a run that applies. */
  observeRun(event: ReconcileEvent, task: string): void {
    this.#led.get(event.database)?.observe(event, true, task, this.#options.nowSeconds());
  }

  /** Events of a run that only reads: gauges follow it, counters do not. */
  observeCollection(event: ReconcileEvent): void {
    this.#led.get(event.database)?.observe(event, false, 'collect', this.#options.nowSeconds());
  }

  collectorEnded(database: string, collector: Collector, isSuccess: boolean, durationMs: number): void {
    this.#led.get(database)?.collectorEnded(collector, isSuccess, durationMs);
  }

  statisticsCollected(database: string, statistics: readonly TableStatistics[]): void {
    this.#led.get(database)?.statisticsCollected(statistics);
  }

  /** Before the first use of a configuration and after each reload: databases that are new begin, those that have gone vanish. */
  configured(_databases: readonly { readonly name: string; readonly hash: string }[], _limits: PartitionLimits): void {}

  /** Which generation of the policy this process runs, as the journal counts; 0 = unknown. */
  generation(_database: string, _generation: bigint): void {}

  /** Why this process may not lead; null: it may. */
  refused(_database: string, _reason: RefusalReason | null): void {}

  /** The lock of leadership was confirmed just now. */
  renewed(_database: string): void {}

  /** For the connections of this process to that database. */
  sessionObserver(_database: string): SessionObserver {
    return { moved: () => undefined, failed: () => undefined };
  }

  /** Sessions seen waiting behind locks of this process right now. */
  blockedSessions(_database: string, _count: number): void {}

  get contentType(): string {
    return this.#store.contentType;
  }

  async render(): Promise<string> {
    return await this.#store.render();
  }
}

/** The metrics of one process. */
export function createMetrics(options: MetricsOptions): Metrics {
  return new Metrics(options);
}
