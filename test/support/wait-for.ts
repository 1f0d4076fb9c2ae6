import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';

/** By when, and how often to look. */
export interface WaitOptions {
  /** 20 s by default. */
  readonly timeoutMs?: number;
  /** 20 ms by default. */
  readonly pollMs?: number;
}

/**
 * Looks again and again until what is seen satisfies `isReached`, and returns that. `what` is the rest of the sentence "Waited for ...".
 * At the deadline it throws with what was last seen; an error of `look` counts as not reached, and is what was last seen.
 */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T> | T,
  isReached: (seen: T) => boolean,
  options: WaitOptions = {},
): Promise<T> {
  const { timeoutMs = 20_000, pollMs = 20 } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const seen = await look();
      if (isReached(seen)) return seen;
      last = seen;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`Waited ${timeoutMs} ms for ${what}. Last seen: ${inspect(last, { depth: 6, breakLength: 120 })}`);
    }
    await delay(pollMs);
  }
}
