import { describe, expect, it } from 'vitest';
import type { ClosedPartition } from '../../../src/plan/growth/closed-partition.ts';
import { fitGrowth, type Growth, growthAt, growthBetween } from '../../../src/plan/growth.ts';

const day = 86_400;
/** A Monday. */
const start = 20_003;

/** One partition a day from a Monday on, as if at `offset` seconds from UTC. */
function days(count: number, bytes: (index: number) => number, offset: (index: number) => number = () => 0): readonly ClosedPartition[] {
  const at = (index: number): number => (start + index) * day - offset(index);
  return Array.from({ length: count }, (_, index) => ({ from: at(index), to: at(index + 1), bytes: bytes(index) }));
}

/** One partition a month from January 2018 on; `bytes` per second. */
function months(count: number, pace: (index: number) => number): readonly ClosedPartition[] {
  return Array.from({ length: count }, (_, index) => {
    const [from, to] = [Date.UTC(2018, index) / 1000, Date.UTC(2018, index + 1) / 1000];
    return { from, to, bytes: pace(index) * (to - from) };
  });
}

function fit(closed: readonly ClosedPartition[]): Growth {
  const growth = fitGrowth(closed);
  if (growth === null) throw new Error('nothing was fitted');
  return growth;
}

/** Less at the weekend. */
const workdays = (index: number): number => (index % 7 < 5 ? 10 : 3) * day;

function sum(closed: readonly ClosedPartition[]): number {
  return closed.reduce((total, { bytes }) => total + bytes, 0);
}

function factors(growth: Growth): readonly (readonly [number, string])[] {
  return [...(growth.season?.factors ?? [])].toSorted(([a], [b]) => a - b).map(([phase, factor]) => [phase, factor.toFixed(2)]);
}

const workWeek = [0, 1, 2, 3, 4].map((phase) => [phase, '1.25']).concat([5, 6].map((phase) => [phase, '0.38']));

describe('the season of a week', () => {
  it('is seen in eight whole weeks, not in less', () => {
    expect(fit(days(55, workdays)).season).toBeNull();
    const growth = fit(days(56, workdays));
    expect(growth.season?.kind).toBe('week');
    expect(factors(growth)).toEqual(workWeek);
  });

  it.each([0, 1e-5, 0.05])('takes a weekend of %d times a workday for one on which nothing comes, not for a low level', (weekend) => {
    const growth = fit(days(182, (index) => (index % 7 < 5 ? 1 : weekend) * day));
    expect(growth.season?.factors.get(6)).toBeCloseTo((7 * weekend) / (5 + 2 * weekend));
    expect(growthAt(growth, (start + 182) * day)).toBeCloseTo((5 + 2 * weekend) / 7, 3);
    expect(growthBetween(growth, (start + 182) * day, (start + 189) * day) / day).toBeCloseTo(5 + 2 * weekend, 2);
  });

  it('makes a forecast right that the trend alone gets wrong, day by day and on top of a trend', () => {
    const rising = (index: number): number => workdays(index) * (1 + index / 100);
    const growth = fit(days(61, rising));
    const ahead = days(100, rising).slice(61);
    for (const { from, to, bytes } of ahead) expect(growthBetween(growth, from, to) / bytes).toBeCloseTo(1, 1);
    const total = growthBetween(growth, ahead[0]?.from ?? 0, ahead.at(-1)?.to ?? 0);
    expect(total / sum(ahead)).toBeCloseTo(1, 2);
    const alone = fit(days(61, rising).slice(-55));
    expect(alone.season).toBeNull();
    const missed = growthBetween(alone, ahead[0]?.from ?? 0, ahead.at(-1)?.to ?? 0) - sum(ahead);
    expect(Math.abs(total - sum(ahead))).toBeLessThan(Math.abs(missed) / 3);
  });

  it('is not in the pace, which would swing from day to day', () => {
    const growth = fit(days(70, workdays));
    for (let index = 70; index < 77; index += 1) expect(growthAt(growth, (start + index) * day)).toBeCloseTo(8);
  });

  it('is seen in shorter partitions, by whole days', () => {
    const hours = days(60, workdays).flatMap(({ from, bytes }) =>
      Array.from({ length: 24 }, (_, hour) => ({
        from: from + hour * 3600,
        to: from + (hour + 1) * 3600,
        bytes: (bytes / 24) * (hour < 12 ? 0.2 : 1.8),
      })),
    );
    expect(factors(fit(hours))).toEqual(workWeek);
  });

  it('keeps its days where noon is at midnight of UTC, also over summer time', () => {
    const auckland = (index: number): number => (index < 60 ? 13 : 12) * 3600;
    const growth = fit(days(120, workdays, auckland));
    expect(factors(growth).filter(([, factor]) => factor === '1.25')).toHaveLength(5);
    expect(factors(growth).filter(([, factor]) => factor === '0.38')).toHaveLength(2);
    const ahead = days(127, workdays, auckland).slice(120);
    for (const { from, to, bytes } of ahead) expect(growthBetween(growth, from, to) / bytes).toBeCloseTo(1, 1);
  });

  it('is looked for after the last partition that is wider than a day', () => {
    const wide = { from: (start - 30) * day, to: start * day, bytes: 5 * day };
    expect(fit([wide, ...days(56, workdays)]).season?.kind).toBe('week');
    const weeks = Array.from({ length: 60 }, (_, index) => ({ from: index * 7 * day, to: (index + 1) * 7 * day, bytes: 7 }));
    expect(fit(weeks).season).toBeNull();
  });

  it('leaves days of which there is none as the trend has them, and takes one that came once for chance', () => {
    const sundays = fit(days(84, workdays).filter((_, index) => index % 7 < 6 || index === 20));
    expect(factors(sundays).map(([phase]) => phase)).toEqual([0, 1, 2, 3, 4, 5]);
    const sunday = (start + 83 + 7) * day;
    expect(growthBetween(sundays, sunday, sunday + day)).toBeCloseTo(growthAt(sundays, sunday) * day);
    const mostlyGone = days(84, workdays).filter((_, index) => index % 7 < 3 || index < 7);
    expect(fit(mostlyGone).season).toBeNull();
  });

  it('is not seen in what shrinks to nothing, is even, or rises evenly', () => {
    expect(fit(days(84, (index) => Math.max(1, 40 - index) * workdays(index))).season).toBeNull();
    expect(fit(days(84, () => day)).season).toBeNull();
    expect(fit(days(84, (index) => (10 + index) * day)).season).toBeNull();
  });

  it('is not bent by a day that was loaded tenfold, nor by a week of holidays', () => {
    const disturbed = days(84, (index) => workdays(index) * (index === 30 ? 10 : index >= 42 && index < 49 ? 0.3 : 1));
    expect(factors(fit(disturbed))).toEqual(workWeek);
  });

  it('is forgotten half a year later', () => {
    const once = days(400, (index) => (index < 200 ? workdays(index) : 8 * day));
    expect(fit(once).season).toBeNull();
  });
});

describe('the season of a year', () => {
  const december = (index: number): number => (index % 12 === 11 ? 30 : 10);

  it('is seen in two whole years of months, not in less', () => {
    expect(fit(months(23, december)).season).toBeNull();
    const growth = fit(months(24, december));
    expect(growth.season?.kind).toBe('year');
    expect(growth.season?.factors.get(11)).toBeCloseTo((30 / 140) * 12);
    expect(growth.season?.factors.get(0)).toBeCloseTo((10 / 140) * 12);
    const [next] = months(36, december).slice(35);
    expect(growthBetween(growth, next?.from ?? 0, next?.to ?? 0) / (next?.bytes ?? 0)).toBeCloseTo(1, 2);
  });

  it('forecasts months in which nothing comes', () => {
    const summer = (index: number): number => (index % 12 === 6 || index % 12 === 7 ? 0 : 10);
    const growth = fit(months(48, summer));
    expect(growth.season?.factors.get(7)).toBe(0);
    const ahead = months(60, summer).slice(48);
    expect(growthBetween(growth, ahead[0]?.from ?? 0, ahead.at(-1)?.to ?? 0) / sum(ahead)).toBeCloseTo(1, 2);
  });

  it('is seen in days too, and goes before the week', () => {
    const daily = months(30, december).flatMap(({ from, to }, index) =>
      Array.from({ length: (to - from) / day }, (_, at) => ({
        from: from + at * day,
        to: from + (at + 1) * day,
        bytes: december(index) * day * (Math.floor(from / day + at) % 7 < 5 ? 1.2 : 0.5),
      })),
    );
    expect(fit(daily).season?.kind).toBe('year');
  });

  it('does not count a month of which less than half was seen', () => {
    const late = months(25, december).slice(1);
    const stump = { from: Date.UTC(2018, 0, 20) / 1000, to: Date.UTC(2018, 1) / 1000, bytes: 10 };
    expect(fit(late).season?.kind).toBe('year');
    expect(fit([stump, ...months(24, december).slice(1)]).season).toBeNull();
  });

  it('is not seen in quarters', () => {
    const quarters = Array.from({ length: 20 }, (_, index) => ({
      from: Date.UTC(2018, index * 3) / 1000,
      to: Date.UTC(2018, index * 3 + 3) / 1000,
      bytes: index % 4 === 3 ? 30 : 10,
    }));
    expect(fit(quarters).season).toBeNull();
  });
});
