import { InvariantError, NotLeaderError } from '../errors.ts';
import type { DatabasePolicy } from '../partition/policy.ts';
import type { Session } from '../postgres/session.ts';
import { errorFields } from '../telemetry/error-fields.ts';
import type { LossReason } from '../telemetry/metrics.ts';
import type { Leadership } from './leadership.ts';
import { readLedDatabase } from './led-database.ts';
import { type CronSchedule, type Schedule, type ScheduledTaskName, scheduledTasks, scheduleOf, startSchedule } from './schedule.ts';
import type { Surroundings } from './surroundings.ts';
import { TaskRunner } from './task-runner.ts';

/** How often the lock is confirmed, and how long after the last time it counts as lost. */
const confirmEveryMs = 5_000;
const confirmWithinMs = 15_000;
/** The server lets go of a lost leader's lock 20 s after the last confirmation at the earliest; work that is still not over then must not go on. */
const endWithinMs = 10_000;

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

  get epoch(): bigint {
    return this.#leadership.epoch;
  }

  /** Milliseconds since the last proof that the lock is held. */
  get unconfirmedMs(): number {
    return this.#surroundings.clock.monotonicMs() - this.#confirmedAtMs;
  }

  /** Leads until the end; says why it came. Never throws but for a bug. */
  async lead(): Promise<LossReason> {
    const { logger, metrics, configuration, clock } = this.#surroundings;
    const { name } = this.#database;
    const { epoch, generation } = this.#leadership;
    this.#session.onLost((error) => this.#stop('lost', error));
    metrics.acquired(await readLedDatabase(this.#session, this.#database, configuration, clock, this.#signal), epoch);
    metrics.generation(name, generation);
    metrics.renewed(name);
    const fields = { database: name, epoch: epoch.toString(), generation: generation.toString() };
    logger.info('leadership acquired', fields);
    const schedules = this.#startSchedules();
    try {
      await Promise.all([this.#runEachOnce(), this.#keepConfirming()]);
    } finally {
      for (const schedule of schedules) await schedule.stop();
      await this.#workEnded();
      this.#outer.removeEventListener('abort', this.#endWithOuter);
      metrics.lost(name, this.#reason);
      logger[this.#reason === 'released' ? 'info' : 'warn']('leadership ended', { ...fields, reason: this.#reason });
    }
    return this.#reason;
  }

  /** Ends the term although the lock is held, as after a reload. */
  end(): void {
    this.#end.abort(new NotLeaderError('PD303', `Leadership of database ${this.#database.name} has ended: its configuration has changed.`));
  }

  /** A run on request: accepted, busy when that task runs already, off when it has no schedule. */
  request(task: ScheduledTaskName): 'accepted' | 'busy' | 'off' | 'not-leading' {
    this.#noticeStandstill();
    if (this.#signal.aborted) return 'not-leading';
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
        this.#noticeStandstill();
        await this.#runner.fire(task, 'scheduled');
      };
      const firings = { fire, overlap: () => this.#runner.skipped(task), missed: () => this.#runner.missed(task) };
      return [startSchedule(`${this.#database.name}/${task}`, schedule, firings, this.#surroundings.logger)];
    });
  }

  /** Ahead comes first, removal after it; the collection then sees what both have left. */
  async #runEachOnce(): Promise<void> {
    for (const task of scheduledTasks) {
      if (this.#scheduleOf(task) !== null && !this.#signal.aborted) await this.#runner.fire(task, 'requested');
    }
  }

  async #keepConfirming(): Promise<void> {
    const { clock, metrics } = this.#surroundings;
    while (!this.#signal.aborted) {
      await clock.sleep(confirmEveryMs, this.#signal).catch(() => undefined);
      this.#noticeStandstill();
      if (this.#signal.aborted) return;
      try {
        await this.#confirm();
        this.#confirmedAtMs = clock.monotonicMs();
        metrics.renewed(this.#database.name);
      } catch (error) {
        this.#stop('lost', error);
      }
    }
  }

  /** A process that stood still may not go on as if nothing had happened: its lock may be another's by now. */
  #noticeStandstill(): void {
    if (this.unconfirmedMs > confirmWithinMs) this.#stop('lost', unconfirmed());
  }

  /** A connection whose other end is gone answers neither a query nor its cancellation, and a read may take long, hence the race. */
  async #confirm(): Promise<void> {
    const { clock } = this.#surroundings;
    const answered = new AbortController();
    const late = clock.sleep(confirmWithinMs - this.unconfirmedMs, answered.signal).then(() => {
      throw unconfirmed();
    });
    late.catch(() => undefined);
    try {
      await Promise.race([this.#leadership.confirm(this.#signal), late]);
    } finally {
      answered.abort();
    }
  }

  /** The server may have given the lock away: work that does not end in time is ended with the process. */
  async #workEnded(): Promise<void> {
    const { clock, crash } = this.#surroundings;
    const ended = new AbortController();
    if (this.#reason !== 'released') {
      const message = `Work on database ${this.#database.name} went on for ${endWithinMs} ms after its leadership was ${this.#reason}.`;
      clock.sleep(endWithinMs, ended.signal).then(
        () => crash(new InvariantError('PD920', message)),
        () => undefined,
      );
    }
    await this.#runner.idle();
    ended.abort();
  }

  #scheduleOf(task: ScheduledTaskName): CronSchedule | null {
    return scheduleOf(task, this.#surroundings.configuration.schedules);
  }
}

function unconfirmed(): NotLeaderError {
  return new NotLeaderError(
    'PD302',
    `The lock of leadership was not confirmed for ${confirmWithinMs} ms, or the process stood still as long.`,
  );
}
