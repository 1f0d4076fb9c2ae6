import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/postgres/clock.ts';
import { followerPauseMs, refusedPauseMs } from '../../../src/service/election/follower-pause.ts';

const at = (random: number) => ({ ...systemClock, random: () => random });

describe('the pause of a follower', () => {
  it('lasts until its own turn', () => {
    expect(followerPauseMs(12_345, 0, at(0.5))).toBe(12_345);
    expect(followerPauseMs(-3, 0, at(0.5))).toBe(0);
  });

  it('is 30 to 60 s without a turn, and grows from 3 to 6 s up to 15 to 30 s where there are none', () => {
    expect([followerPauseMs('later', 0, at(0)), followerPauseMs('later', 0, at(1))]).toEqual([30_000, 60_000]);
    expect([1, 2, 3, 4, 50].map((times) => followerPauseMs('unknown', times, at(1)))).toEqual([6_000, 12_000, 24_000, 30_000, 30_000]);
    expect([1, 50].map((times) => followerPauseMs('unknown', times, at(0)))).toEqual([3_000, 15_000]);
  });
});

describe('the pause of an instance that may not lead', () => {
  it('grows from 3 to 6 s up to 15 to 30 s, so that a promotion is noticed', () => {
    expect([1, 2, 3, 4, 50].map((times) => refusedPauseMs(times, at(1)))).toEqual([6_000, 12_000, 24_000, 30_000, 30_000]);
    expect([1, 50].map((times) => refusedPauseMs(times, at(0)))).toEqual([3_000, 15_000]);
  });
});
