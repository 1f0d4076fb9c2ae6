import { setTimeout as delay } from 'node:timers/promises';
import type { EpochMicros } from '../partition/position.ts';

/** Time as the effects see it, injected so that tests can turn it. Decisions use the database's clock instead. */
export interface Clock {
  /** Milliseconds since an arbitrary moment; never goes back. */
  monotonicMs(): number;
  /** The local wall clock: for the skew guard and logs only. */
  now(): EpochMicros;
  /** Resolves after `ms`; rejects with the signal's reason at once when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Uniform in [0, 1): for jitter. */
  random(): number;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  now: () => BigInt(Date.now()) * 1000n,
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
  random: () => Math.random(),
};
