import type { Clock } from '../postgres/clock.ts';

/** Milliseconds. */
export interface BackoffRange {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** For a server that is out of reach: below the 45 s within which a lost leader must be replaced. */
const reconnecting: BackoffRange = { firstMs: 500, mostMs: 30_000 };

/**
 * Milliseconds to wait after `failures` failures in a row (1 or more): doubles up to the most of the range, with half of it random, so that
 * many replicas do not come back together.
 */
export function backoffMs(failures: number, clock: Clock, { firstMs, mostMs }: BackoffRange = reconnecting): number {
  const ceiling = Math.min(firstMs * 2 ** (failures - 1), mostMs);
  return (ceiling / 2) * (1 + clock.random());
}
