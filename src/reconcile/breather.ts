import type { Clock } from '../postgres/clock.ts';

/** Longest stretch of work at once: confirming the lock of leadership and answering probes must not wait for 100,000 partitions. */
const stretchMs = 10;

/** Answers a function to call between tables: it gives timers and sockets their turn, but only when a stretch is over. */
export function breather(clock: Pick<Clock, 'monotonicMs'>): () => Promise<void> {
  let startedAt = clock.monotonicMs();
  return async () => {
    if (clock.monotonicMs() - startedAt < stretchMs) return;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    startedAt = clock.monotonicMs();
  };
}
