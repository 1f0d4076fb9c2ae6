import { describe, expect, it } from 'vitest';
import type { ClosedPartition } from '../../../src/plan/growth/closed-partition.ts';
import { fitGrowth, type Growth, growthAt, growthBetween } from '../../../src/plan/growth.ts';

const day = 86_400;

/** One partition a day; `bytes(0)` belongs to the oldest. */
function days(count: number, bytes: (index: number) => number): readonly ClosedPartition[] {
  return Array.from({ length: count }, (_, index) => ({ from: index * day, to: (index + 1) * day, bytes: bytes(index) }));
}

function fit(closed: readonly ClosedPartition[]): Growth {
  const growth = fitGrowth(closed);
  if (growth === null) throw new Error('nothing was fitted');
  return growth;
}

describe('the growth of a table', () => {
  it('is unknown with fewer than three closed partitions that are not empty', () => {
    expect(fitGrowth([])).toBeNull();
    expect(fitGrowth(days(2, () => 5))).toBeNull();
    expect(fitGrowth(days(10, (index) => (index < 8 ? 0 : 5)))).toBeNull();
    expect(fitGrowth(days(3, () => 5))).not.toBeNull();
  });

  it('is bytes by the width of the range, whatever the widths are', () => {
    const steady = fit([
      { from: 0, to: 10, bytes: 50 },
      { from: 10, to: 40, bytes: 150 },
      { from: 40, to: 41, bytes: 5 },
    ]);
    expect(growthAt(steady, 41)).toBeCloseTo(5);
    expect(growthBetween(steady, 100, 200)).toBeCloseTo(500);
  });

  it('follows a trend for as long as it was seen, then stays', () => {
    const growth = fit(days(10, (index) => (index + 1) * day));
    expect(growthAt(growth, 10 * day)).toBeCloseTo(10.5);
    expect(growthAt(growth, 20 * day)).toBeCloseTo(20.5);
    expect(growthAt(growth, 90 * day)).toBeCloseTo(20.5);
    expect(growthBetween(growth, 10 * day, 30 * day)).toBeCloseTo(15.5 * 10 * day + 20.5 * 10 * day);
  });

  it('is never negative where the trend falls', () => {
    const growth = fit(days(4, (index) => (4 - index) * day));
    expect(growthAt(growth, 100 * day)).toBe(0);
    expect(growthBetween(growth, 4 * day, 100 * day)).toBeCloseTo(0.5 * 0.5 * 0.5 * day);
  });

  it('is not bent by a newest partition that is still growing, or by one that was loaded twice', () => {
    const steady = days(12, () => 7 * day);
    const disturbed = steady.map((one, index) => ({ ...one, bytes: index === 11 ? day : index === 3 ? 14 * day : one.bytes }));
    expect(growthAt(fit(disturbed), 12 * day)).toBeCloseTo(7);
  });

  it('has stopped where the newest partitions stay empty, and began with the first that is not', () => {
    const stopped = fit(days(90, (index) => (index < 30 ? day : 0)));
    expect(growthBetween(stopped, 90 * day, 180 * day)).toBe(0);
    const begun = fit(days(90, (index) => (index < 60 ? 0 : day)));
    expect(growthBetween(begun, 90 * day, 180 * day)).toBeCloseTo(90 * day);
    expect(begun.trustedSeconds).toBe(30 * day);
  });

  it('does not take the days of the week for a trend', () => {
    const weekly = fit(days(280, (index) => (index % 7 < 5 ? 10 : 3) * day));
    expect(growthBetween(weekly, 280 * day, 370 * day) / (90 * day)).toBeGreaterThan(7.5);
    expect(growthBetween(weekly, 280 * day, 370 * day) / (90 * day)).toBeLessThan(8.5);
  });

  it('is nothing over no time', () => {
    expect(growthBetween(fit(days(3, () => day)), 5, 5)).toBe(0);
  });
});
