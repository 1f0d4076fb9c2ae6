import { setTimeout } from 'node:timers/promises';
import type { MigrationEvent } from '../migrate/event.ts';
import type { SeenMigration } from '../migrate/run/read-seen.ts';
import type { SessionObserver } from '../postgres/session-observer.ts';
import type { UnprunedShare } from '../probe/statements/unpruned-share.ts';
import type { ReconcileEvent } from '../reconcile/event.ts';
import type { TableStatistics } from '../reconcile/table-statistics.ts';
import { errorFields } from './error-fields.ts';
import { type Collector, LeaderMetrics, type LedDatabase, type RunOutcome } from './leader-metrics.ts';
import { type Logger, silentLogger } from './logger.ts';
import { MetricStore } from './metric-store.ts';
import type { ProbeRun } from './probe-gauges.ts';
import { ProcessMetrics, type refusalReasons, type transitionReasons } from './process-metrics.ts';
import { PartitionAllowance, type PartitionLimits } from './snapshot/partition-allowance.ts';
import { TableGauges } from './snapshot/table-gauges.ts';

export interface MetricsOptions {
  readonly version: string;
  /** Commit of the build; empty when unknown. */
  readonly revision: string;
  /** Names of the configured databases. */
  readonly databases: readonly string[];
  readonly limits: PartitionLimits;
  /** The local clock, in seconds since 1970. */
  readonly nowSeconds: () => number;
  /** For what an operator should know of the metrics themselves. */
  readonly logger?: Logger;
}

/** A scrape has ten seconds by default, and many of them want an answer within one. */
const longestWaitMs = 250;

/** Why this process must not lead a database although nobody else does, or nobody knows. */
export type RefusalReason = (typeof refusalReasons)[number];

export type LossReason = Exclude<(typeof transitionReasons)[number], 'acquired'>;

/**
 * What the daemon tells and Prometheus reads. Process families exist from the start; leader families between `acquired` and `lost`, so that
 * of many replicas one exports the tables. Methods about a database that is not configured or not led do nothing.
 */
export class Metrics {
  readonly #store = new MetricStore();
  readonly #options: MetricsOptions;
  readonly #logger: Logger;
  readonly #allowance: PartitionAllowance;
  readonly #databases = new Map<string, ProcessMetrics>();
  readonly #led = new Map<string, LeaderMetrics>();

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#allowance = new PartitionAllowance(options.limits, (partitions) =>
      this.#logger.error('too many partitions for metrics.partitions: all', { partitions, fallsBackTo: 'top' }),
    );
    const { version, revision } = options;
    this.#store.set('build_info', { version, revision, node_version: process.version }, 1);
    this.#store.increase('metrics_dropped_series_total', {}, 0);
    for (const outcome of ['ok', 'failed']) this.#store.increase('config_reloads_total', { outcome }, 0);
    this.#begin(options.databases);
  }

  configurationLoaded(isSuccessful: boolean): void {
    this.#store.increase('config_reloads_total', { outcome: isSuccessful ? 'ok' : 'failed' }, 1);
    this.#store.set('config_last_reload_successful', {}, isSuccessful ? 1 : 0);
    if (isSuccessful) this.#store.set('config_last_reload_success_timestamp_seconds', {}, this.#options.nowSeconds());
  }

  /**
   * Before the first use of a configuration and after each reload: databases that are new begin, those that have gone vanish. `hash`: as
   * `policyHash` writes it.
   */
  configured(databases: readonly { readonly name: string; readonly hash: string }[], limits: PartitionLimits): void {
    this.#allowance.limits = limits;
    this.#begin(databases.map(({ name }) => name));
    // Twelve hexadecimal digits: as many bits as a number on the wire holds exactly.
    for (const { name, hash } of databases) this.#databases.get(name)?.set('config_hash', Number.parseInt(hash.slice(0, 12), 16));
  }

  /** What a connection found; that there is one is the `sessionObserver`'s to see. */
  databaseUp(database: string, server: { readonly version: number; readonly isInRecovery: boolean }): void {
    const known = this.#databases.get(database);
    known?.set('postgres_version_num', server.version);
    known?.set('postgres_in_recovery', server.isInRecovery ? 1 : 0);
  }

  /** For what fails before there is a connection to observe, and for one that was lost. */
  databaseDown(database: string): void {
    this.#databases.get(database)?.set('database_up', 0);
  }

  acquired(database: LedDatabase, epoch: bigint): void {
    const known = this.#databases.get(database.name);
    if (known === undefined) return;
    this.#led.get(database.name)?.drop();
    const failed = (error: unknown): void =>
      this.#logger.error('metrics of tables not written', { database: database.name, ...errorFields(error) });
    const gauges = new TableGauges(database.name, this.#store, this.#allowance, failed);
    this.#led.set(database.name, new LeaderMetrics(this.#store, database, gauges));
    known.transition('acquired');
    known.set('leader_epoch', Number(epoch));
  }

  /** Call it once all work has ended: first the leader families go, then `leader` is 0. */
  lost(database: string, reason: LossReason): void {
    this.#led.get(database)?.drop();
    this.#led.delete(database);
    this.#databases.get(database)?.transition(reason);
  }

  taskStarted(database: string, task: string): void {
    this.#led.get(database)?.taskStarted(task);
  }

  taskFinished(database: string, task: string, outcome: RunOutcome, durationMs: number): void {
    this.#led.get(database)?.taskFinished(task, outcome, durationMs, this.#options.nowSeconds());
  }

  /** A task that goes on for days is well as long as it says so: its last success is now. */
  taskWorks(database: string, task: string): void {
    this.#led.get(database)?.taskWorks(task, this.#options.nowSeconds());
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

  /** The end of a pass over all probes. */
  probesRun(database: string, runs: readonly ProbeRun[]): void {
    this.#led.get(database)?.probesRun(runs);
  }

  /** The end of an audit of recorded statements, with the tables of which something is known; null: there was nothing to look at, or it failed. */
  statementsAudited(database: string, shares: readonly UnprunedShare[] | null): void {
    this.#led.get(database)?.statementsAudited(shares);
  }

  /** What the journal says of the migrations of a database. */
  migrationsRead(database: string, seen: readonly SeenMigration[]): void {
    this.#led.get(database)?.migrationsRead(seen);
  }

  /** What happens in a migration that this process runs. */
  observeMigration(event: MigrationEvent): void {
    this.#led.get(event.database)?.migrationHappened(event);
  }

  /** Which generation of the policy this process runs, as the journal counts; 0 = unknown. */
  generation(database: string, generation: bigint): void {
    this.#databases.get(database)?.set('config_generation', Number(generation));
  }

  /** Why this process may not lead; null: it may. */
  refused(database: string, reason: RefusalReason | null): void {
    this.#databases.get(database)?.refused(reason);
  }

  /** The lock of leadership was confirmed just now. */
  renewed(database: string): void {
    this.#databases.get(database)?.set('leader_last_renewal_timestamp_seconds', this.#options.nowSeconds());
  }

  /** For the connections of this process to that database. */
  sessionObserver(database: string): SessionObserver {
    return this.#databases.get(database)?.sessionObserver ?? { moved: () => undefined, failed: () => undefined };
  }

  /** Sessions seen waiting behind locks of this process right now. */
  blockedSessions(database: string, count: number): void {
    this.#led.get(database)?.blockedSessions(count, this.#options.nowSeconds());
  }

  get contentType(): string {
    return this.#store.contentType;
  }

  /**
   * Everything, as of now. Gauges of tables that are being written are waited for, at most `waitMs`, so that what was told before the call
   * is in the answer; when that takes longer, those of the snapshot before are.
   */
  async render(waitMs: number = longestWaitMs): Promise<string> {
    const now = this.#options.nowSeconds();
    const late = new AbortController();
    const settled = Promise.all([...this.#led.values()].map((led) => led.settled));
    try {
      await Promise.race([settled, setTimeout(waitMs, undefined, { signal: late.signal })]);
    } finally {
      late.abort();
    }
    for (const led of this.#led.values()) led.refresh(now);
    return await this.#store.render(this.#allowance.limits.maxSeries);
  }

  #begin(names: readonly string[]): void {
    for (const [name, database] of this.#databases) {
      if (names.includes(name)) continue;
      this.#led.get(name)?.drop();
      this.#led.delete(name);
      database.end();
      this.#databases.delete(name);
    }
    for (const name of names) if (!this.#databases.has(name)) this.#databases.set(name, new ProcessMetrics(this.#store, name));
  }
}

/** The metrics of one process. */
export function createMetrics(options: MetricsOptions): Metrics {
  return new Metrics(options);
}
