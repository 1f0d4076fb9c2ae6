import { ConnectionError } from '../../errors.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import { connectSession, type Session } from '../../postgres/session.ts';
import { isLockFailure } from '../../postgres/sqlstate.ts';
import { followLeader } from '../../reconcile/follow-leader.ts';
import { errorFields } from '../../telemetry/error-fields.ts';
import type { LossReason, RefusalReason } from '../../telemetry/metrics.ts';
import { type BackoffRange, backoffMs } from '../backoff.ts';
import type { Surroundings } from '../surroundings.ts';
import type { ScheduledTaskName } from '../tasks/schedule.ts';
import { type Assignment, compareAssignments } from './assignment.ts';
import { followerPauseMs, refusedPauseMs } from './follower-pause.ts';
import { type Leadership, type LeadRequest, leadAlone, readIdentity, tryLead } from './leadership.ts';
import { policyHash } from './policy-hash.ts';
import { Refusal, refusalReason } from './refusal.ts';
import { Term } from './term.ts';

/** The leader confirms its lock every 5 s; one that is stopped or cut off must have lost it when the followers have tried for 45 s. */
const lockIdleTimeoutMs = 20_000;
const drainWithinMs = 15_000;

/** A term that was fenced sooner has not come to work: its database or its name is another's too, and coming back at once would be no use. */
const soonMs = 60_000;
const afterFence: BackoffRange = { firstMs: 2_000, mostMs: 30_000 };

/**
 * Everything the daemon does for one database: tries to lead it, leads, follows, backs off while it is out of reach. Isolated: nothing that
 * happens to one database reaches another. A follower holds no connection between attempts.
 */
export class DatabaseWorker {
  readonly name: string;
  readonly #refusal: Refusal;
  /** Ends all work for good: the process stops, or was drained. */
  readonly #stop = new AbortController();
  /** Ends the present pause. */
  #nap = new AbortController();
  #working: Promise<void> = Promise.resolve();
  #assignment: Assignment;
  #loadedAtMs: number;
  #term: Term | null = null;
  /** From taking the lock until it is free again, which is longer than a term, and may be several of them. */
  #held: Leadership | null = null;
  #failures = 0;
  /** Terms in a row that were fenced soon. */
  #fences = 0;
  /** How often in a row the journal had no turn to give. */
  #unknowns = 0;
  #isFollowing = false;

  constructor(database: DatabasePolicy, surroundings: Surroundings) {
    this.name = database.name;
    this.#assignment = { database, surroundings };
    this.#loadedAtMs = surroundings.loadedAtMs;
    this.#refusal = new Refusal(database.name, surroundings.metrics, surroundings.logger);
  }

  /** True while the lock is held, also between two terms. */
  get isLeading(): boolean {
    return this.#held !== null;
  }

  /** Of the present term, or the one before it; null while following. */
  get epoch(): bigint | null {
    return this.#held?.epoch ?? null;
  }

  /** Why this process must not lead; null: it may. */
  get refused(): RefusalReason | null {
    return this.#refusal.reason;
  }

  /** Milliseconds since the lock was last confirmed; 0 while following. */
  get unconfirmedMs(): number {
    return this.#term?.unconfirmedMs ?? 0;
  }

  /** Works until `signal`, then until leadership is given back. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const end = (): void => this.#end(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    this.#working = this.#work();
    await Promise.all([this.#working, stopped]);
  }

  /** What a reload has brought; a term that it concerns ends, and a new one begins at once. */
  reconfigure(database: DatabasePolicy, surroundings: Surroundings): void {
    this.#loadedAtMs = surroundings.loadedAtMs;
    const assignment = { database, surroundings };
    if (compareAssignments(this.#assignment, assignment) !== 'same') {
      this.#assignment = assignment;
      this.#term?.end();
    }
    // Whoever follows well keeps its turn, or a reload of 200 replicas would bring 200 connections.
    if (!this.#isFollowing) this.#nap.abort();
  }

  /** Ends all work, gives the lock back and never leads again. Resolves when that is done, after 15 s at the latest. */
  async drain(): Promise<void> {
    const { clock, logger } = this.#assignment.surroundings;
    this.#refusal.refuse('drained');
    this.#end(new DOMException('This process was drained.', 'AbortError'));
    const ended = new AbortController();
    const late = clock.sleep(drainWithinMs, ended.signal).then(
      () => logger.error('drained before all work had ended', { database: this.name, withinMs: drainWithinMs }),
      () => undefined,
    );
    await Promise.race([this.#working, late]);
    ended.abort();
  }

  request(task: ScheduledTaskName): 'accepted' | 'paused' | 'busy' | 'off' | 'not-leading' {
    return this.#term?.request(task) ?? 'not-leading';
  }

  #end(reason: unknown): void {
    this.#stop.abort(reason);
    this.#nap.abort();
  }

  async #work(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const { clock } = this.#assignment.surroundings;
      this.#nap = new AbortController();
      const pauseMs = await this.#attempt(this.#stop.signal);
      await clock.sleep(pauseMs, this.#nap.signal).catch(() => undefined);
    }
  }

  /** One attempt to lead, and the terms when it succeeds; answers how long to wait for the next. */
  async #attempt(signal: AbortSignal): Promise<number> {
    try {
      return await this.#connect(this.#assignment, signal);
    } catch (error) {
      return signal.aborted ? 0 : this.#failed(error);
    }
  }

  async #connect(assignment: Assignment, signal: AbortSignal): Promise<number> {
    const { configuration, metrics, logger, clock } = assignment.surroundings;
    const { statementTimeoutMs, lockTimeoutMs } = configuration.safety;
    const request = this.#request(assignment);
    const session = await connectSession(
      assignment.database.connection,
      {
        applicationName: 'partitiond:leader',
        statementTimeoutMs,
        lockTimeoutMs,
        idleTimeoutMs: lockIdleTimeoutMs,
        observer: metrics.sessionObserver(this.name),
      },
      signal,
    );
    try {
      const identity = await readIdentity(session, signal);
      metrics.databaseUp(this.name, identity);
      if (identity.isInRecovery) return this.#refuseStandby(assignment);
      const lead = configuration.leadership.enabled ? tryLead : leadAlone;
      const leadership = await lead(session, { ...request, identity }, signal);
      if (this.#failures > 0) logger.info('database reachable', { database: this.name, failures: this.#failures });
      this.#failures = 0;
      if (leadership === null) return await this.#follow(session, assignment, signal);
      const beganAtMs = clock.monotonicMs();
      const reason = await this.#lead(session, leadership, assignment, signal);
      this.#fences = reason === 'fenced' && clock.monotonicMs() - beganAtMs < soonMs ? this.#fences + 1 : 0;
      return this.#fences > 0 ? backoffMs(this.#fences, clock, afterFence) : 1_000 * clock.random();
    } finally {
      await session.close();
    }
  }

  #request({ database, surroundings }: Assignment): LeadRequest {
    const loadedAtMs = this.#loadedAtMs;
    return {
      journalSchema: database.journalSchema,
      who: surroundings.who,
      configurationHash: policyHash(database),
      loadedAgoMs: () => surroundings.clock.monotonicMs() - loadedAtMs,
    };
  }

  /** One term after the other on the same lock, a new one for each reload that concerns it; answers why the last one ended. */
  async #lead(session: Session, claimed: Leadership, from: Assignment, signal: AbortSignal): Promise<LossReason> {
    let [leadership, assignment] = [claimed, from];
    this.#held = leadership;
    this.#isFollowing = false;
    this.#unknowns = 0;
    this.#refusal.allow();
    try {
      for (;;) {
        // A reload may have come while the lock was being taken.
        const isCurrent = assignment === this.#assignment;
        const { database, surroundings } = assignment;
        const reason = isCurrent ? await this.#serve(new Term(database, leadership, session, surroundings, signal)) : 'released';
        const next = this.#assignment;
        if (reason !== 'released' || signal.aborted || compareAssignments(assignment, next) === 'new-connection') return reason;
        leadership = await leadership.claimAgain(this.#request(next), signal);
        this.#held = leadership;
        assignment = next;
      }
    } finally {
      await leadership.release();
      this.#held = null;
    }
  }

  async #serve(term: Term): ReturnType<Term['lead']> {
    this.#term = term;
    try {
      return await term.lead();
    } finally {
      this.#term = null;
    }
  }

  async #follow(session: Session, { database, surroundings }: Assignment, signal: AbortSignal): Promise<number> {
    const { clock, metrics, logger } = surroundings;
    const configuration = { hash: policyHash(database), loadedAgoMs: clock.monotonicMs() - this.#loadedAtMs };
    const following = await followLeader(session, database.journalSchema, configuration, signal);
    metrics.generation(this.name, following.generation);
    if (following.isOutdated) this.#refusal.refuse('old-generation');
    else {
      this.#refusal.allow();
      if (!this.#isFollowing) logger.info('following', { database: this.name });
    }
    this.#isFollowing = !following.isOutdated;
    this.#unknowns = following.turn === 'unknown' ? this.#unknowns + 1 : 0;
    return followerPauseMs(following.turn, this.#unknowns, clock);
  }

  #refuseStandby({ surroundings }: Assignment): number {
    this.#isFollowing = false;
    this.#refusal.refuse('standby');
    return refusedPauseMs(this.#refusal.times, surroundings.clock);
  }

  #failed(error: unknown): number {
    const { logger, metrics, clock } = this.#assignment.surroundings;
    this.#isFollowing = false;
    const reason = refusalReason(error);
    if (reason !== null) {
      this.#refusal.refuseFor(reason, error);
      return refusedPauseMs(this.#refusal.times, clock);
    }
    this.#failures += 1;
    const isConnection = error instanceof ConnectionError;
    if (isConnection) metrics.databaseDown(this.name);
    const fields = { database: this.name, failures: this.#failures, ...errorFields(error) };
    // A transaction of the leader before us is still open: it is worth coming back soon, and no trouble yet.
    if (isLockFailure(error)) {
      logger.warn('cannot lead yet', fields);
      return 500 + 1_000 * clock.random();
    }
    // The first failure may be a restart; what is no matter of connections does not go away by itself.
    const level = isConnection && this.#failures === 1 ? 'warn' : 'error';
    logger[level](isConnection ? 'database unreachable' : 'cannot lead', fields);
    return backoffMs(this.#failures, clock);
  }
}
