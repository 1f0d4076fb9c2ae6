import { InvariantError, NotLeaderError } from '../../errors.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import type { Session } from '../../postgres/session.ts';
import { errorFields } from '../../telemetry/error-fields.ts';
import type { LogFields } from '../../telemetry/logger.ts';
import type { LossReason } from '../../telemetry/metrics.ts';
import { abortWith } from '../abort-with.ts';
import type { Surroundings } from '../surroundings.ts';
import { readLedDatabase } from '../tasks/led-database.ts';
import {
  type CronSchedule,
  isUnbounded,
  isWorkTask,
  type Schedule,
  type ScheduledTaskName,
  scheduledTasks,
  scheduleOf,
  startSchedule,
} from '../tasks/schedule.ts';
import { TaskRunner } from '../tasks/task-runner.ts';
import type { Leadership } from './leadership.ts';

/** How often the lock is confirmed, and how long after the last time it counts as lost. */
const confirmEveryMs = 5_000;
const confirmWithinMs = 15_000;
/**
 * The server keeps the lock for 20 s after the last confirmation, which is for 5 s after it counts as lost: work that is still not over then
 * must not go on. A lock given back is no danger, but work that does not end would keep the database without a leader.
 */
const endWithinMs = { lost: 5_000, fenced: 5_000, released: 30_000 } as const satisfies Record<LossReason, number>;

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
  readonly #part: () => void;
  readonly #runner: TaskRunner;
  #reason: LossReason = 'released';
  #confirmedAtMs: number;

  constructor(database: DatabasePolicy, leadership: Leadership, session: Session, surroundings: Surroundings, signal: AbortSignal) {
    this.#database = database;
    this.#leadership = leadership;
    this.#session = session;
    this.#surroundings = surroundings;
    this.#part = abortWith(signal, this.#end);
    const { guardSql, identity } = leadership;
    const facts = { guardSql, identity, lockSession: session, termSignal: this.#signal };
    this.#runner = new TaskRunner(database, facts, surroundings, this.#signal, (error) => this.#stop('fenced', error));
    this.#confirmedAtMs = surroundings.clock.monotonicMs();
  }

  get #signal(): AbortSignal {
    return this.#end.signal;
  }

  get epoch(): bigint {
    return this.#leadership.epoch;
  }

  /** Milliseconds since the last proof that the lock is held. */
  get unconfirmedMs(): number {
    return this.#surroundings.clock.monotonicMs() - this.#confirmedAtMs;
  }

  /** Leads until the end; says why it came. Never throws but for a bug. */
  async lead(): Promise<LossReason> {
    const { logger, metrics } = this.#surroundings;
    const { name } = this.#database;
    const { epoch, generation } = this.#leadership;
    const fields = { database: name, epoch: epoch.toString(), generation: generation.toString() };
    const stopListening = this.#session.onLost((error) => this.#stop('lost', error));
    const ended = new AbortController();
    const limit = (): void => this.#limitEnd(ended.signal);
    if (this.#signal.aborted) limit();
    else this.#signal.addEventListener('abort', limit, { once: true });
    const schedules: Schedule[] = [];
    try {
      await Promise.all([this.#keepConfirming(), this.#begin(schedules, fields)]);
    } finally {
      for (const schedule of schedules) await schedule.stop();
      await this.#runner.idle();
      ended.abort();
      stopListening();
      this.#part();
      metrics.lost(name, this.#reason);
      logger[this.#reason === 'released' ? 'info' : 'warn']('leadership ended', { ...fields, reason: this.#reason });
    }
    return this.#reason;
  }

  /** Ends the term although the lock is held, as after a reload. */
  end(): void {
    this.#end.abort(new NotLeaderError('PD303', `Leadership of database ${this.#database.name} has ended: its configuration has changed.`));
  }

  /**
   * A run on request: accepted, busy when that task runs already, off when it has no schedule, paused when work was when last looked. Then it
   * looks again nevertheless, and runs when the pause is over: a `resume` a moment ago is not known here. What only reads runs in any case.
   */
  request(task: ScheduledTaskName): 'accepted' | 'paused' | 'busy' | 'off' | 'not-leading' {
    this.#noticeStandstill();
    if (this.#signal.aborted) return 'not-leading';
    if (this.#scheduleOf(task) === null) return 'off';
    const { isPaused } = this.#runner;
    if (this.#runner.fire(task, 'requested') === null) return 'busy';
    return isPaused && isWorkTask(task) ? 'paused' : 'accepted';
  }

  #stop(reason: LossReason, error: unknown): void {
    if (this.#signal.aborted) return;
    this.#reason = reason;
    this.#surroundings.logger.warn('leadership lost', { database: this.#database.name, reason, ...errorFields(error) });
    this.#end.abort(new NotLeaderError('PD303', `Leadership of database ${this.#database.name} has ended: ${reason}.`));
  }

  /** What the journal remembers may take seconds to read, hence beside the confirmations. */
  async #begin(schedules: Schedule[], fields: LogFields): Promise<void> {
    const { logger, metrics } = this.#surroundings;
    const { name } = this.#database;
    const led = await readLedDatabase(this.#session, this.#database, this.#surroundings, this.#signal);
    metrics.acquired(led, this.#leadership.epoch);
    this.#runner.recall(led.probes);
    metrics.generation(name, this.#leadership.generation);
    metrics.renewed(name);
    logger.info('leadership acquired', fields);
    schedules.push(...this.#startSchedules());
    await this.#runEachOnce();
  }

  #startSchedules(): readonly Schedule[] {
    return scheduledTasks.flatMap((task) => {
      const schedule = this.#scheduleOf(task);
      if (schedule === null) return [];
      const fire = async (): Promise<void> => {
        this.#noticeStandstill();
        await this.#runner.fire(task, 'scheduled');
      };
      const missed = (): void => {
        this.#noticeStandstill();
        if (!this.#signal.aborted) this.#runner.missed(task);
      };
      const firings = { fire, overlap: () => this.#runner.skipped(task), missed };
      return [startSchedule(`${this.#database.name}/${task}`, schedule, firings, this.#surroundings.logger)];
    });
  }

  /** Ahead comes first, removal after it; the collection then sees what both have left, and waits neither for hours of upkeep or migration nor for probes. */
  async #runEachOnce(): Promise<void> {
    for (const task of scheduledTasks) {
      if (this.#scheduleOf(task) === null || this.#signal.aborted) continue;
      const run = this.#runner.fire(task, 'requested');
      if (task !== 'probe' && !isUnbounded(task)) await run;
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

  /** Work that does not end in time is ended with the process. */
  #limitEnd(ended: AbortSignal): void {
    const { clock, crash } = this.#surroundings;
    const withinMs = endWithinMs[this.#reason];
    const message = `Work on database ${this.#database.name} went on for ${withinMs} ms after its leadership was ${this.#reason}.`;
    clock.sleep(withinMs, ended).then(
      () => crash(new InvariantError('PD920', message)),
      () => undefined,
    );
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
