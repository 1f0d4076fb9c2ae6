import { ConnectionError, NotLeaderError } from '../errors.ts';
import type { DatabasePolicy } from '../partition/policy.ts';
import { errorFields } from '../telemetry/error-fields.ts';
import { backoffMs } from './backoff.ts';
import { performTask } from './perform-task.ts';
import type { Performance } from './performance.ts';
import type { ScheduledTaskName } from './schedule.ts';
import type { Surroundings } from './surroundings.ts';
import type { TermFacts } from './term-facts.ts';

/** A request runs at once whatever failed before; a scheduled firing may wait its turn. */
export type Firing = 'scheduled' | 'requested';

/** More attempts than these are left to the next firing; by then the lock's connection has noticed too. */
const mostAttempts = 5;

/** Exact sizes cost a look at the file system for each relation; a little less than 15 minutes, so that a minute's schedule meets it. */
const statisticsEveryMs = 14.5 * 60_000;

/**
 * Runs the tasks of one database for one leader: never two of the same task, and of those that change something one after the other. The
 * collection goes beside them, for a step may wait minutes for its lock. Ends with `signal`, at once where it can.
 */
export class TaskRunner {
  readonly #database: DatabasePolicy;
  readonly #facts: TermFacts;
  readonly #surroundings: Surroundings;
  readonly #signal: AbortSignal;
  readonly #fenced: (error: NotLeaderError) => void;
  readonly #busy = new Set<ScheduledTaskName>();
  readonly #lanes = new Map<'work' | 'collect', Promise<void>>();
  #statisticsDueMs = Number.NEGATIVE_INFINITY;
  /** Tasks whose last run failed. */
  readonly #failing = new Set<ScheduledTaskName>();

  constructor(
    database: DatabasePolicy,
    facts: TermFacts,
    surroundings: Surroundings,
    signal: AbortSignal,
    fenced: (error: NotLeaderError) => void,
  ) {
    this.#database = database;
    this.#facts = facts;
    this.#surroundings = surroundings;
    this.#signal = signal;
    this.#fenced = fenced;
  }

  /** Starts or queues a run and returns its end; null when that task is already running or queued. The promise never rejects. */
  fire(task: ScheduledTaskName, _how: Firing): Promise<void> | null {
    if (this.#busy.has(task)) {
      this.skipped(task);
      return null;
    }
    this.#busy.add(task);
    const lane = task === 'collect' ? 'collect' : 'work';
    const run = this.#after(this.#lanes.get(lane), task);
    this.#lanes.set(lane, run);
    return run;
  }

  /** A firing that started nothing because the task still runs. */
  skipped(task: ScheduledTaskName): void {
    const { logger, metrics } = this.#surroundings;
    metrics.taskSkipped(this.#database.name, task);
    logger.debug('task skipped', { database: this.#database.name, task, reason: 'it still runs' });
  }

  /** Resolves when nothing runs or is queued any more. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#lanes.values());
  }

  async #after(before: Promise<void> | undefined, task: ScheduledTaskName): Promise<void> {
    try {
      await before;
      if (!this.#signal.aborted) await this.#run(task);
    } finally {
      this.#busy.delete(task);
    }
  }

  async #run(task: ScheduledTaskName): Promise<void> {
    const { clock, metrics, logger } = this.#surroundings;
    const fields = { database: this.#database.name, task };
    const startedAt = clock.monotonicMs();
    metrics.taskStarted(this.#database.name, task);
    const performance = await this.#perform(task);
    const durationMs = clock.monotonicMs() - startedAt;
    const outcome = performance.outcome === 'paused' ? 'skipped' : performance.outcome;
    metrics.taskFinished(this.#database.name, task, outcome, durationMs);
    if (performance.outcome === 'paused')
      logger.info('task skipped', { ...fields, reason: `paused by ${performance.by}: ${performance.reason}` });
    else logger.debug('task finished', { ...fields, outcome, durationMs: Math.round(durationMs) });
    if (outcome === 'failed') this.#failing.add(task);
    else this.#failing.delete(task);
  }

  async #perform(task: ScheduledTaskName): Promise<Performance> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#performOnce(task);
      } catch (error) {
        if (this.#signal.aborted) return { outcome: 'aborted' };
        this.#explain(task, error, attempt);
        if (error instanceof NotLeaderError) this.#fenced(error);
        if (!(error instanceof ConnectionError) || attempt === mostAttempts)
          return { outcome: this.#signal.aborted ? 'aborted' : 'failed' };
      }
      const { clock } = this.#surroundings;
      await clock.sleep(backoffMs(attempt, clock), this.#signal).catch(() => undefined);
    }
  }

  async #performOnce(task: ScheduledTaskName): Promise<Performance> {
    const { clock } = this.#surroundings;
    const needsStatistics = task === 'collect' && clock.monotonicMs() >= this.#statisticsDueMs;
    const term = { guardSql: this.#facts.guardSql, needsStatistics };
    const performance = await performTask(task, this.#database, term, this.#surroundings, this.#signal);
    if (needsStatistics) this.#statisticsDueMs = clock.monotonicMs() + statisticsEveryMs;
    return performance;
  }

  #explain(task: ScheduledTaskName, error: unknown, attempt: number): void {
    const level = this.#failing.has(task) || (!(error instanceof ConnectionError) && !(error instanceof NotLeaderError)) ? 'error' : 'warn';
    this.#surroundings.logger[level]('task failed', { database: this.#database.name, task, attempt, ...errorFields(error) });
  }
}
