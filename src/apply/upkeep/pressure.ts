import type { UpkeepLimits } from '../../partition/policy.ts';
import type { Moment, Waiter } from './watch.sql.ts';

/** Why nothing further is begun, for events and people. */
export interface Held {
  readonly reason: 'replication-lag' | 'lock-waiters';
  readonly explanation: string;
}

/** Older positions say no more than that the lag is longer than anybody allows. */
const rememberedPositions = 1_000;

/**
 * How hard others have it at the moment. `replay_lag` stands still while a standby replays nothing, so the lag is also measured here: as the
 * age of the oldest end of the log that was seen and is not replayed yet.
 */
export class Pressure {
  #ends: { readonly written: bigint; readonly now: bigint }[] = [];
  #lagMs = 0;
  #waiters = 0;

  /** A new look; `moment` null: not looked. */
  observe(moment: Moment | null, waiters: readonly Waiter[], ours: ReadonlySet<number>): void {
    this.#waiters = new Set(waiters.filter(({ pid, isOfDatabase }) => isOfDatabase && !ours.has(pid)).map(({ pid }) => pid)).size;
    if (moment !== null) this.#lagMs = this.#measure(moment);
  }

  /** How far the standby that is furthest behind is behind; 0 without standbys. */
  get lagMs(): number {
    return this.#lagMs;
  }

  /** Null: a step with these limits may begin. */
  holds({ maxReplicationLagMs, maxLockWaiters }: UpkeepLimits): Held | null {
    if (maxReplicationLagMs !== null && this.#lagMs > maxReplicationLagMs) {
      const lag = `${Math.round(this.#lagMs)} ms`;
      return {
        reason: 'replication-lag',
        explanation: `A standby is ${lag} behind, more than ${maxReplicationLagMs} ms (maxReplicationLag).`,
      };
    }
    if (maxLockWaiters !== null && this.#waiters > maxLockWaiters) {
      return {
        reason: 'lock-waiters',
        explanation: `${this.#waiters} sessions wait for locks, more than ${maxLockWaiters} (maxLockWaiters).`,
      };
    }
    return null;
  }

  #measure({ now, written, replayed, lagMs }: Moment): number {
    if (replayed === null) {
      this.#ends = [];
      return 0;
    }
    if (this.#ends.at(-1)?.written !== written) this.#ends.push({ written, now });
    this.#ends = this.#ends.filter((end) => end.written > replayed).slice(-rememberedPositions);
    const [oldest] = this.#ends;
    if (oldest === undefined) return 0;
    return Math.max(lagMs ?? 0, Number(now - oldest.now) / 1000);
  }
}
