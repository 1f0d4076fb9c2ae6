import { decodeMoment, momentSql } from '../../../apply/upkeep/watch.sql.ts';
import { ConnectionError, InvariantError } from '../../../errors.ts';
import type { Session } from '../../../postgres/session.ts';
import type { Engine } from '../../engine.ts';
import { emit } from '../../transactions.ts';
import { Brakes, type Held } from './brakes.ts';
import { commitCanary } from './canary.ts';
import { decodeLoad, decodeLockWaiter, loadSql, waitersSql } from './load.sql.ts';

/** How often somebody looks who waits for us, and every which time at all else. */
const tickMs = 200;
const ticksPerFullLook = 5;
const idleCommits = 5;
/** Without a look nobody would see that the application suffers. */
const toleratedLosses = 10;

/**
 * Looks at the server on a session of its own as long as the copy lasts, and holds batches back while a brake is on. Says so with `throttled`, in
 * whose `ms` no moment is counted twice.
 */
export class Watch {
  readonly #engine: Engine;
  readonly #ours: () => readonly number[];
  readonly #brakes: Brakes;
  #session: Session;
  #held: Held | null = null;
  #heldSinceMs = 0;
  #hasProgressed = false;
  #waiting: (() => void)[] = [];

  private constructor(engine: Engine, session: Session, brakes: Brakes, ours: () => readonly number[]) {
    this.#engine = engine;
    this.#session = session;
    this.#brakes = brakes;
    this.#ours = ours;
  }

  /** Measures what a commit takes before the copy, and looks once. `ours`: the backends for which nobody should have to wait. */
  static async begin(engine: Engine, ours: () => readonly number[], signal: AbortSignal): Promise<Watch> {
    const session = await engine.surroundings.connect('copy', signal);
    try {
      const idle: number[] = [];
      while (idle.length < idleCommits) idle.push(await commitCanary(engine, session, false, signal));
      const watch = new Watch(engine, session, new Brakes(engine.policy.migration, engine.policy.timezone, idle), ours);
      await watch.#fullLook(signal);
      watch.#decide();
      return watch;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** Resolves when no brake is on. */
  async released(signal: AbortSignal): Promise<void> {
    while (this.#held !== null) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    signal.throwIfAborted();
  }

  /** A batch was committed. */
  progressed(): void {
    this.#hasProgressed = true;
  }

  /** Looks until `signal` is aborted, and returns then. Throws what ends the copy. */
  async run(signal: AbortSignal): Promise<void> {
    let losses = 0;
    try {
      for (let tick = 1; !signal.aborted; tick += 1) {
        try {
          await this.#engine.surroundings.clock.sleep(tickMs, signal);
          await this.#lookForWaiters(signal);
          if (tick % ticksPerFullLook === 0) await this.#fullLook(signal);
          losses = 0;
        } catch (error) {
          losses += 1;
          if (signal.aborted) return;
          if (!(error instanceof ConnectionError) || losses > toleratedLosses) throw error;
          await this.#reconnect(signal);
        }
        this.#decide();
      }
    } finally {
      this.#tell(null);
      await this.#session.close();
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  async #reconnect(signal: AbortSignal): Promise<void> {
    await this.#session.close().catch(() => undefined);
    this.#session = await this.#engine.surroundings.connect('copy', signal);
  }

  async #lookForWaiters(signal: AbortSignal): Promise<void> {
    const waiters = await this.#session.rows(waitersSql, [this.#ours()], decodeLockWaiter, signal);
    this.#brakes.observeWaiters(waiters.length);
  }

  async #fullLook(signal: AbortSignal): Promise<void> {
    const { clock, serverVersion } = this.#engine.surroundings;
    const commitMs = await commitCanary(this.#engine, this.#session, this.#hasProgressed, signal);
    this.#hasProgressed = false;
    const [moment] = await this.#session.rows(momentSql, [], decodeMoment, signal);
    const [load] = await this.#session.rows(loadSql(serverVersion), [], decodeLoad, signal);
    if (moment === undefined || load === undefined) throw new InvariantError('PD903', 'the look at the load of the server returned no row');
    this.#brakes.observe({ moment, load, commitMs, atMs: clock.monotonicMs() });
  }

  #decide(): void {
    const held = this.#brakes.held(this.#engine.surroundings.clock.monotonicMs());
    this.#tell(held);
    if (held === null) for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Once a second while a brake is on, and when it changes. */
  #tell(held: Held | null): void {
    const nowMs = this.#engine.surroundings.clock.monotonicMs();
    const before = this.#held;
    this.#held = held;
    if (before === null) {
      this.#heldSinceMs = nowMs;
      return;
    }
    const ms = nowMs - this.#heldSinceMs;
    if (held?.reason === before.reason && ms < 1_000) return;
    emit(this.#engine, { kind: 'throttled', ms, ...before });
    this.#heldSinceMs = nowMs;
  }
}
