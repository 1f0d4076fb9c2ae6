import { ConnectionError, NotLeaderError } from '../../errors.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { Collection } from '../../reconcile/collection/collection.ts';
import { errorFields } from '../../telemetry/error-fields.ts';
import type { LogFields } from '../../telemetry/logger.ts';
import type { ProbeRun } from '../../telemetry/probe-gauges.ts';
import type { Surroundings } from '../surroundings.ts';
import { attemptTask } from './attempt-task.ts';
import { firingOffsetMs } from './firing-offset.ts';
import { nothingDone, type Performance } from './performance.ts';
import { ProbeMemory } from './probe.ts';
import { isUpkeepTask, isWorkTask, type ScheduledTaskName, scheduleOf, shortestGapSeconds, workTasks } from './schedule.ts';
import { TaskBackoff, type Turn, wholeTurn } from './task-backoff.ts';
import type { TermFacts } from './term-facts.ts';

/** A request runs at once and takes all tables, whatever failed before; a scheduled firing waits for its place and spares what fails. */
export type Firing = 'scheduled' | 'requested';

/**
 * Runs the tasks of one database for one leader: never two of the same task, and of those that make and remove partitions one after the other.
 * Maintenance and index share another lane, for they may take hours and must not meet on one partition. The collection goes beside them all,
 * for a step may wait minutes for its lock; it reads all tables at once, so it spares none and tries every time. So do the probes, whose queries
 * take their time, but they wait after they failed as a whole. Migrations have a lane too, in which they may stay for days. What could not run, as the process was busy or work was paused, runs once as soon as
 * it can. Ends with `signal`, at once where it can.
 */
export class TaskRunner {
  readonly #database: DatabasePolicy;
  readonly #facts: TermFacts;
  readonly #surroundings: Surroundings;
  readonly #signal: AbortSignal;
  readonly #fenced: (error: NotLeaderError) => void;
  readonly #busy = new Set<ScheduledTaskName>();
  /** Fired, and waiting for their place. */
  readonly #due = new Set<ScheduledTaskName>();
  /** Firings that came during a pause. */
  readonly #owed = new Set<ScheduledTaskName>();
  readonly #lanes = new Map<Lane, Promise<void>>();
  readonly #backoffs: ReadonlyMap<ScheduledTaskName, TaskBackoff>;
  readonly #collection = new Collection();
  readonly #probing: ProbeMemory;
  /** Of each task, whom its last firing left out, and after how many failures: firings may come each second, and only a change is news. */
  readonly #leftOut = new Map<ScheduledTaskName, string>();
  #isPaused = false;
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
    const tables = database.tables.map(({ table }) => table);
    this.#probing = new ProbeMemory(surroundings.logger, database.name);
    this.#backoffs = new Map<ScheduledTaskName, TaskBackoff>([
      ...workTasks.map((task) => [task, new TaskBackoff(tables, surroundings.clock)] as const),
      ['migrate', new TaskBackoff(tables, surroundings.clock)],
      // Of no table: a probe that fails says so each time, and costs its timeout at most.
      ['probe', new TaskBackoff([], surroundings.clock)],
    ]);
  }

  /** Whether the last run that looked found work paused. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** What the journal remembers of the probes, so that only what changes since is told. */
  recall(probes: readonly ProbeRun[]): void {
    this.#probing.log.recall(probes);
  }

  /** Starts or queues a run and returns its end; null when that task is already running or queued. The promise never rejects. */
  fire(task: ScheduledTaskName, how: Firing): Promise<void> | null {
    return how === 'scheduled' ? this.#fireInPlace(task) : this.#start(task, how);
  }

  /** A firing that did not happen in time: made up for unless the task is about to run anyway. */
  missed(task: ScheduledTaskName): void {
    if (this.#busy.has(task) || this.#due.has(task)) return;
    this.#tellCatchUp(task, 'a firing was missed');
    this.#fireInPlace(task).catch(() => undefined);
  }

  /** A firing that started nothing because the task still runs. */
  skipped(task: ScheduledTaskName): void {
    this.#skip(task, 'it still runs', 'debug');
  }

  /** Resolves when nothing runs or is queued any more. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#lanes.values());
  }

  async #fireInPlace(task: ScheduledTaskName): Promise<void> {
    const { clock, configuration } = this.#surroundings;
    const schedule = scheduleOf(task, configuration.schedules);
    const gapMs = schedule === null ? 0 : shortestGapSeconds(schedule) * 1_000;
    this.#due.add(task);
    await clock.sleep(firingOffsetMs(this.#database.name, task, gapMs), this.#signal).catch(() => undefined);
    this.#due.delete(task);
    if (!this.#signal.aborted) await this.#start(task, 'scheduled');
  }

  #start(task: ScheduledTaskName, how: Firing): Promise<void> | null {
    if (this.#busy.has(task)) {
      this.skipped(task);
      return null;
    }
    this.#busy.add(task);
    const lane = laneOf(task);
    const run = this.#after(this.#lanes.get(lane), task, how);
    this.#lanes.set(lane, run);
    return run;
  }

  async #after(before: Promise<void> | undefined, task: ScheduledTaskName, how: Firing): Promise<void> {
    try {
      await before;
      const turn = (how === 'scheduled' ? this.#backoffs.get(task)?.turn() : undefined) ?? wholeTurn;
      if (!this.#signal.aborted && this.#hasWork(task, turn)) await this.#run(task, turn, how);
    } finally {
      this.#busy.delete(task);
    }
  }

  #hasWork(task: ScheduledTaskName, { tables, leftOut }: Turn): boolean {
    const known = this.#leftOut.get(task);
    const told = JSON.stringify(leftOut.map(({ table, failures }) => [table, failures]));
    this.#leftOut.set(task, told);
    if (leftOut.length === 0) return true;
    const level = known === told ? 'debug' : 'info';
    const { clock, logger } = this.#surroundings;
    const now = Number(clock.now() / 1_000n);
    const waiting = leftOut.map(({ table, failures, waitMs }) => ({
      table: table === null ? null : formatQualifiedName(table),
      failures,
      until: new Date(now + waitMs).toISOString(),
    }));
    if (tables?.length === 0) this.#skip(task, 'it waits after failures', level, { waiting });
    else logger[level]('tables left out', { database: this.#database.name, task, reason: 'they wait after failures', waiting });
    return tables?.length !== 0;
  }

  async #run(task: ScheduledTaskName, turn: Turn, how: Firing): Promise<void> {
    const { clock, metrics, logger } = this.#surroundings;
    const { name } = this.#database;
    const startedAt = clock.monotonicMs();
    metrics.taskStarted(name, task);
    const performance = await this.#perform(task, turn, how);
    const durationMs = clock.monotonicMs() - startedAt;
    // However well the others did, a table that waits after its failure is not done.
    const outcome = performance.outcome === 'ok' && turn.leftOut.length > 0 ? 'failed' : performance.outcome;
    metrics.taskFinished(name, task, outcome === 'paused' ? 'skipped' : outcome, durationMs);
    if (outcome === 'failed') this.#failing.add(task);
    else this.#failing.delete(task);
    if (outcome === 'paused') logger.info('task skipped', { database: name, task, reason: pauseText(performance) });
    else logger.debug('task finished', { database: name, task, outcome, durationMs: Math.round(durationMs) });
  }

  async #perform(task: ScheduledTaskName, turn: Turn, how: Firing): Promise<Performance> {
    const heedPause = (pause: Performance['pause']): void => this.#heedPause(task, pause);
    const { tables, first } = turn;
    const memories = { collection: this.#collection, probing: this.#probing };
    const order = { task, tables, first, ...memories, isThorough: how === 'requested', heedPause };
    const explain = (error: unknown, attempt: number): void => this.#explain(task, error, attempt);
    try {
      const performance = await attemptTask(order, this.#database, this.#facts, this.#surroundings, this.#signal, explain);
      if (performance.outcome === 'aborted') return performance;
      if (performance.outcome !== 'paused') this.#backoffs.get(task)?.ended(turn, performance);
      if (performance.lost !== null) this.#backoffs.get(task)?.failed();
      return performance;
    } catch (error) {
      if (error instanceof NotLeaderError) this.#fenced(error);
      if (this.#signal.aborted) return { ...nothingDone, outcome: 'aborted' };
      this.#backoffs.get(task)?.failed();
      return { ...nothingDone, outcome: 'failed' };
    }
  }

  /** During a pause tasks are owed their run; whichever run first finds it over sees to that. One that is at work will find out itself. */
  #heedPause(task: ScheduledTaskName, pause: Performance['pause']): void {
    this.#isPaused = pause !== null;
    this.#surroundings.metrics.paused(this.#database.name, this.#isPaused);
    if (pause !== null) {
      if (isWorkTask(task)) this.#owed.add(task);
      return;
    }
    this.#owed.delete(task);
    for (const one of [...this.#owed].filter((owed) => !this.#busy.has(owed))) {
      this.#owed.delete(one);
      if (this.#due.has(one)) continue;
      this.#tellCatchUp(one, 'work was paused');
      this.#start(one, 'scheduled')?.catch(() => undefined);
    }
  }

  #tellCatchUp(task: ScheduledTaskName, reason: string): void {
    this.#surroundings.logger.info('task catches up', { database: this.#database.name, task, reason });
  }

  #skip(task: ScheduledTaskName, reason: string, level: 'info' | 'debug', fields: LogFields = {}): void {
    const { logger, metrics } = this.#surroundings;
    metrics.taskSkipped(this.#database.name, task);
    logger[level]('task skipped', { database: this.#database.name, task, reason, ...fields });
  }

  #explain(task: ScheduledTaskName, error: unknown, attempt: number): void {
    const isTransient = error instanceof ConnectionError || error instanceof NotLeaderError;
    const level = this.#failing.has(task) || !isTransient ? 'error' : 'warn';
    this.#surroundings.logger[level]('task failed', { database: this.#database.name, task, attempt, ...errorFields(error) });
  }
}

type Lane = 'work' | 'upkeep' | 'migrate' | 'probe' | 'collect';

function laneOf(task: ScheduledTaskName): Lane {
  if (task === 'collect' || task === 'probe' || task === 'migrate') return task;
  return isUpkeepTask(task) ? 'upkeep' : 'work';
}

function pauseText({ pause }: Performance): string {
  return pause === null ? 'paused' : `paused by ${pause.by}: ${pause.reason}`;
}
