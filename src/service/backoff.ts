import type { Clock } from '../postgres/clock.ts';

const firstMs = 500;
/** Below the 45 s within which a lost leader must be replaced. */
const mostMs = 30_000;

/**
 * Milliseconds to wait after `failures` failures in a row (1 or more): doubles from half a second up to 30 s, with half of it random, so
 * that many replicas do not come back together.
 */
export function backoffMs(failures: number, clock: Clock): number {
  const ceiling = Math.min(firstMs * 2 ** (failures - 1), mostMs);
  return (ceiling / 2) * (1 + clock.random());
}
