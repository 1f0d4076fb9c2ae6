import { describe, expect, it } from 'vitest';
import { CollectorPace } from '../../../src/reconcile/collection/collector-pace.ts';

const minuteMs = 60_000;

/** Minutes until it is due again after each of these ends, one after the other. */
function waits(ends: readonly boolean[]): readonly number[] {
  const pace = new CollectorPace();
  let now = 0;
  return ends.map((isSuccess) => {
    pace.ended(isSuccess, now);
    const before = now;
    while (!pace.isDue(now)) now += minuteMs / 2;
    return (now - before) / minuteMs;
  });
}

describe('a collector that is not to run in every collection', () => {
  it('is due at once, and then about every 15 minutes', () => {
    expect(new CollectorPace().isDue(Number.MIN_SAFE_INTEGER)).toBe(true);
    expect(waits([true, true])).toEqual([14.5, 14.5]);
  });

  it('is tried again soon after a failure, less and less often, until one goes well', () => {
    expect(waits([false, false, false, false, false, false, true, false])).toEqual([1.5, 3, 6, 12, 14.5, 14.5, 14.5, 1.5]);
  });
});
