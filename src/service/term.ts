import { NotLeaderError } from '../errors.ts';
import type { DatabasePolicy } from '../partition/policy.ts';
import type { Session } from '../postgres/session.ts';
import { errorFields } from '../telemetry/error-fields.ts';
import type { LossReason } from '../telemetry/metrics.ts';
import type { Leadership } from './leadership.ts';
import { readLedDatabase } from './led-database.ts';
import { type CronSchedule, type Schedule, type ScheduledTaskName, scheduledTasks, scheduleOf, startSchedule } from './schedule.ts';
import type { Surroundings } from './surroundings.ts';
import { TaskRunner } from './task-runner.ts';

/** How often the lock is confirmed, and how long an answer may take before it counts as lost. */
const confirmEveryMs = 5_000;
const confirmWithinMs = 15_000;

/**
 * One term of leadership of one database: from the epoch just claimed until the process stops, the lock is lost or a newer epoch shows up.
 * Whatever ends it, work is aborted first and has ended before the term has.
 */
export class Term {
  readonly #database: DatabasePolicy;
  readonly #leadership: Leadership;
  readonly #session: Session;
  readonly #surroundings: Surroundings;
  readonly #end = new AbortController();
  readonly #outer: AbortSignal;
  readonly #runner: TaskRunner;
  #reason: LossReason = 'released';
  #confirmedAtMs: number;

  constructor(database: DatabasePolicy, leadership: Leadership, session: Session, surroundings: Surroundings, signal: AbortSignal) {
    this.#database = database;
    this.#leadership = leadership;
    this.#session = session;
    this.#surroundings = surroundings;
    // A listener that is taken off again, as Node 20 never lets go of what AbortSignal.any has made of a signal that lives on.
    this.#outer = signal;
    signal.addEventListener('abort', this.#endWithOuter, { once: true });
    if (signal.aborted) this.#endWithOuter();
    const { guardSql, identity } = leadership;
    const facts = { guardSql, identity, lockSession: session };
    this.#runner = new TaskRunner(database, facts, surroundings, this.#signal, (error) => this.#stop('fenced', error));
    this.#confirmedAtMs = surroundings.clock.monotonicMs();
  }

  get #signal(): AbortSignal {
    return this.#end.signal;
  }

  readonly #endWithOuter = (): void => this.#end.abort(this.#outer.reason);

  /** Monotonic time of the last proof that the lock is held. */
  get confirmedAtMs(): number {
    return this.#confirmedAtMs;
  }

  /** Leads until the end; says why it came. Never throws but for a bug. */
  async lead(): Promise<LossReason> {
    const { logger, metrics } = this.#surroundings;
    const { name } = this.#database;
    const { epoch } = this.#leadership;
    this.#session.onLost((error) => this.#stop('lost', error));
    const { configuration, clock } = this.#surroundings;
    metrics.acquired(await readLedDatabase(this.#session, this.#database, configuration, clock, this.#signal), epoch);
    logger.info('leadership acquired', { database: name, epoch: epoch.toString() });
    const schedules = this.#startSchedules();
    try {
      await Promise.all([this.#runEachOnce(), this.#keepConfirming()]);
    } finally {
      for (const schedule of schedules) await schedule.stop();
      await this.#runner.idle();
      this.#outer.removeEventListener('abort', this.#endWithOuter);
      metrics.lost(name, this.#reason);
      logger[this.#reason === 'released' ? 'info' : 'warn']('leadership ended', {
        database: name,
        epoch: epoch.toString(),
        reason: this.#reason,
      });
    }
    return this.#reason;
  }

  /** A run on request: accepted, busy when that task runs already, off when it has no schedule. */
  request(task: ScheduledTaskName): 'accepted' | 'busy' | 'off' {
    if (this.#scheduleOf(task) === null) return 'off';
    return this.#runner.fire(task, 'requested') === null ? 'busy' : 'accepted';
  }

  #stop(reason: LossReason, error: unknown): void {
    if (this.#signal.aborted) return;
    this.#reason = reason;
    this.#surroundings.logger.warn('leadership lost', { database: this.#database.name, reason, ...errorFields(error) });
    this.#end.abort(new NotLeaderError('PD303', `Leadership of database ${this.#database.name} has ended: ${reason}.`));
  }

  #startSchedules(): readonly Schedule[] {
    return scheduledTasks.flatMap((task) => {
      const schedule = this.#scheduleOf(task);
      if (schedule === null) return [];
      const fire = async (): Promise<void> => {
        await this.#runner.fire(task, 'scheduled');
      };
      return [startSchedule(`${this.#database.name}/${task}`, schedule, fire, () => this.#runner.skipped(task), this.#surroundings.logger)];
    });
  }

  /** Ahead comes first, removal after it; the collection then sees what both have left. */
  async #runEachOnce(): Promise<void> {
    for (const task of scheduledTasks) {
      if (this.#scheduleOf(task) !== null && !this.#signal.aborted) await this.#runner.fire(task, 'requested');
    }
  }

  async #keepConfirming(): Promise<void> {
    const { clock } = this.#surroundings;
    while (!this.#signal.aborted) {
      await clock.sleep(confirmEveryMs, this.#signal).catch(() => undefined);
      if (this.#signal.aborted) return;
      try {
        await this.#confirm();
        this.#confirmedAtMs = clock.monotonicMs();
      } catch (error) {
        this.#stop('lost', error);
      }
    }
  }

  /** A connection whose other end is gone answers neither a query nor its cancellation, and a read may take long, hence the race. */
  async #confirm(): Promise<void> {
    const { clock } = this.#surroundings;
    const answered = new AbortController();
    const late = clock.sleep(confirmWithinMs, answered.signal).then(() => {
      throw new NotLeaderError('PD302', `The lock of leadership was not confirmed within ${confirmWithinMs} ms.`);
    });
    late.catch(() => undefined);
    try {
      await Promise.race([this.#leadership.confirm(this.#signal), late]);
    } finally {
      answered.abort();
    }
  }

  #scheduleOf(task: ScheduledTaskName): CronSchedule | null {
    return scheduleOf(task, this.#surroundings.configuration.schedules);
  }
}
