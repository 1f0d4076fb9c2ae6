import type { Clock } from '../../postgres/clock.ts';
import type { Following } from '../../reconcile/follow-leader.ts';

/** Followers with a turn try about once in 3 s together; one without a turn comes when those of the next minute have had theirs. */
const laterMs = 30_000;
const shortestMs = 3_000;
const longestMs = 30_000;

/**
 * Milliseconds until a follower tries again: its own turn, or a random moment. Where the journal gives none, `times` in a row (1 or more), it
 * comes ever later: each of many followers does so.
 */
export function followerPauseMs(turn: Following['turn'], times: number, clock: Clock): number {
  if (typeof turn === 'number') return Math.max(0, turn);
  return turn === 'later' ? laterMs * (1 + clock.random()) : refusedPauseMs(times, clock);
}

/**
 * Milliseconds until an instance that may not lead looks again, after `times` such looks in a row (1 or more): a random 3 to 6 s that grows
 * to 15 to 30 s, so that the promotion of a standby is noticed.
 */
export function refusedPauseMs(times: number, clock: Clock): number {
  const ceiling = Math.min(2 * shortestMs * 2 ** (times - 1), longestMs);
  return (ceiling / 2) * (1 + clock.random());
}
