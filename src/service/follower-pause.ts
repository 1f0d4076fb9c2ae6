import type { Clock } from '../postgres/clock.ts';
import type { Following } from '../reconcile/follow-leader.ts';

/** Followers with a turn try about once in 3 s together; one without a turn comes when those of the next minute have had theirs. */
const laterMs = 30_000;
/** Where no turn can be drawn: soon enough for a lost leader to be replaced within 45 s. */
const unknownMs = 3_000;
const longestRefusedMs = 30_000;

/** Milliseconds until a follower tries again: its own turn, or a random moment. */
export function followerPauseMs(turn: Following['turn'], clock: Clock): number {
  if (typeof turn === 'number') return Math.max(0, turn);
  const atLeastMs = turn === 'later' ? laterMs : unknownMs;
  return atLeastMs * (1 + clock.random());
}

/**
 * Milliseconds until an instance that may not lead looks again, after `times` such looks in a row (1 or more): a random 3 to 6 s that grows
 * to 15 to 30 s, so that the promotion of a standby is noticed.
 */
export function refusedPauseMs(times: number, clock: Clock): number {
  const ceiling = Math.min(2 * unknownMs * 2 ** (times - 1), longestRefusedMs);
  return (ceiling / 2) * (1 + clock.random());
}
