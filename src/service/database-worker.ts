import { ConnectionError } from '../errors.ts';
import type { DatabasePolicy } from '../partition/policy.ts';
import { connectSession } from '../postgres/session.ts';
import { errorFields } from '../telemetry/error-fields.ts';
import { backoffMs } from './backoff.ts';
import { type Leadership, type LeadRequest, leadAlone, readIdentity, tryLead } from './leadership.ts';
import { policyHash } from './policy-hash.ts';
import type { ScheduledTaskName } from './schedule.ts';
import type { Surroundings } from './surroundings.ts';
import { Term } from './term.ts';

/** A follower asks again at the latest after this, as a clean stop must be followed up within 5 s; half of it is random, so that many do not ask together. */
const followMs = 4_500;

/**
 * Everything the daemon does for one database: tries to lead it, leads, follows, backs off while it is out of reach. Isolated: nothing that
 * happens to one database reaches another. A follower holds no connection between attempts.
 */
export class DatabaseWorker {
  readonly #database: DatabasePolicy;
  readonly #surroundings: Surroundings;
  #term: Term | null = null;
  #failures = 0;
  #isFollowing = false;

  constructor(database: DatabasePolicy, surroundings: Surroundings) {
    this.#database = database;
    this.#surroundings = surroundings;
  }

  get name(): string {
    return this.#database.name;
  }

  get isLeading(): boolean {
    return this.#term !== null;
  }

  /** Milliseconds since the lock was last confirmed; 0 while following. */
  get unconfirmedMs(): number {
    return this.#term === null ? 0 : this.#surroundings.clock.monotonicMs() - this.#term.confirmedAtMs;
  }

  /** Works until `signal`, then until leadership is given back. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#surroundings;
    while (!signal.aborted) {
      const pauseMs = await this.#attempt(signal);
      await clock.sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  request(task: ScheduledTaskName): 'accepted' | 'busy' | 'off' | 'not-leading' {
    return this.#term?.request(task) ?? 'not-leading';
  }

  /** One attempt to lead, and the term when it succeeds; answers how long to wait for the next. */
  async #attempt(signal: AbortSignal): Promise<number> {
    const { clock } = this.#surroundings;
    try {
      const hasLed = await this.#connectAndLead(signal);
      return hasLed ? 0.2 * followMs * clock.random() : 0.5 * followMs * (1 + clock.random());
    } catch (error) {
      if (signal.aborted) return 0;
      this.#failed(error);
      return backoffMs(this.#failures, clock);
    }
  }

  async #connectAndLead(signal: AbortSignal): Promise<boolean> {
    const { configuration, metrics, logger } = this.#surroundings;
    const { statementTimeoutMs, lockTimeoutMs } = configuration.safety;
    const settings = { applicationName: 'partitiond:leader', statementTimeoutMs, lockTimeoutMs };
    const session = await connectSession(this.#database.connection, settings, signal);
    try {
      const identity = await readIdentity(session, signal);
      metrics.databaseUp(this.name, identity);
      if (this.#failures > 0) logger.info('database reachable', { database: this.name, failures: this.#failures });
      const request: LeadRequest = {
        journalSchema: this.#database.journalSchema,
        who: this.#surroundings.who,
        configurationHash: policyHash(this.#database),
      };
      const leadership = await (configuration.leadership.enabled ? tryLead : leadAlone)(session, request, signal);
      this.#failures = 0;
      if (leadership === null) {
        this.#follow(identity.isInRecovery);
        return false;
      }
      await this.#lead(new Term(this.#database, leadership, session, this.#surroundings, signal), leadership);
      return true;
    } finally {
      await session.close();
    }
  }

  async #lead(term: Term, leadership: Leadership): Promise<void> {
    this.#isFollowing = false;
    this.#term = term;
    try {
      await term.lead();
    } finally {
      this.#term = null;
      await leadership.release();
    }
  }

  #follow(isInRecovery: boolean): void {
    const { logger } = this.#surroundings;
    const fields = { database: this.name, reason: isInRecovery ? 'the server is a standby' : 'another instance leads' };
    logger[this.#isFollowing ? 'debug' : 'info']('following', fields);
    this.#isFollowing = true;
  }

  #failed(error: unknown): void {
    const { logger, metrics } = this.#surroundings;
    this.#failures += 1;
    const isConnection = error instanceof ConnectionError;
    if (isConnection) metrics.databaseDown(this.name);
    // The first failure may be a restart; what is no matter of connections does not go away by itself.
    const level = isConnection && this.#failures === 1 ? 'warn' : 'error';
    logger[level](isConnection ? 'database unreachable' : 'cannot lead', {
      database: this.name,
      failures: this.#failures,
      ...errorFields(error),
    });
  }
}
