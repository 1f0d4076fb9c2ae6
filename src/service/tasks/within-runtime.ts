import type { Clock } from '../../postgres/clock.ts';
import { abortWith } from '../abort-with.ts';

/** Timers hold no more than 31 bits. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Runs `body` with a signal that is aborted with `outer`, and with `limit.error` after `limit.ms`. Once that has happened the error is thrown
 * whatever became of the body, which is waited for in any case: nothing of it goes on.
 */
export async function withinRuntime<T>(
  limit: { readonly ms: number; readonly error: Error },
  clock: Clock,
  outer: AbortSignal,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const run = new AbortController();
  const timer = new AbortController();
  const part = abortWith(outer, run);
  clock.sleep(Math.min(limit.ms, longestTimerMs), timer.signal).then(
    () => run.abort(limit.error),
    () => undefined,
  );
  try {
    const [result] = await Promise.allSettled([body(run.signal)]);
    if (run.signal.reason === limit.error) throw limit.error;
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  } finally {
    timer.abort();
    part();
  }
}
