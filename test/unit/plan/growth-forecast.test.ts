import { describe, expect, it } from 'vitest';
import { parseSpan } from '../../../src/partition/interval.ts';
import { MINVALUE } from '../../../src/partition/position.ts';
import { forecastSizes, type SizedPartition } from '../../../src/plan/growth/forecast.ts';
import { calendarSeconds, retentionSeconds } from '../../../src/plan/growth/seconds.ts';
import { codecOf, instant, keep, policyOf } from '../../support/model.ts';

const day = 86_400;

/** So many days of a byte a second until day `count`, and the default partition of 1,000 bytes. */
function table(count: number, change: (index: number) => Partial<SizedPartition> = () => ({})): readonly SizedPartition[] {
  const days = Array.from({ length: count }, (_, index) => ({
    from: index * day,
    to: (index + 1) * day,
    bytes: day,
    isClosed: true,
    isHeld: false,
    ...change(index),
  }));
  return [...days, { from: Number.NaN, to: Number.NaN, bytes: 1000, isClosed: false, isHeld: false }];
}

function bytesAt(partitions: readonly SizedPartition[], keepDays: number | null): readonly (number | undefined)[] {
  const forecast = forecastSizes(partitions, { now: 40 * day, keepSeconds: keepDays === null ? null : keepDays * day });
  return (forecast?.sizes ?? []).map(({ bytes }) => (bytes - 1000) / day);
}

describe('the forecast of sizes', () => {
  it('adds what comes in 7, 30 and 90 days', () => {
    expect(forecastSizes(table(40), { now: 40 * day, keepSeconds: null })?.sizes.map(({ days }) => days)).toEqual([7, 30, 90]);
    for (const [index, bytes] of bytesAt(table(40), null).entries()) expect(bytes).toBeCloseTo([47, 70, 130][index] ?? 0);
  });

  it('takes off what retention takes until then, of what is there and of what comes', () => {
    for (const [index, bytes] of bytesAt(table(40), 40).entries()) expect(bytes).toBeCloseTo([40, 40, 40][index] ?? 0);
    for (const [index, bytes] of bytesAt(table(40), 60).entries()) expect(bytes).toBeCloseTo([47, 60, 60][index] ?? 0);
  });

  it('leaves what is held, and never takes the default partition', () => {
    const held = table(40, (index) => ({ isHeld: index < 10 }));
    for (const [index, bytes] of bytesAt(held, 40).entries()) expect(bytes).toBeCloseTo([47, 50, 50][index] ?? 0);
  });

  it('is unknown with fewer than three closed partitions that have two ends', () => {
    expect(bytesAt(table(2), null)).toEqual([]);
    expect(
      bytesAt(
        table(40, (index) => ({ isClosed: index < 2 })),
        null,
      ),
    ).toEqual([]);
    expect(
      bytesAt(
        table(40, (index) => (index < 38 ? { from: Number.NaN } : {})),
        null,
      ),
    ).toEqual([]);
  });
});

describe('seconds of a key', () => {
  it('are those of its calendar, and none for integers and open ends', () => {
    const codec = codecOf('timestamp with time zone');
    expect(calendarSeconds(codec, instant('2025-03-10T12:00:00Z'))).toBe(Date.UTC(2025, 2, 10, 12) / 1000);
    expect(calendarSeconds(codecOf('date'), 3n)).toBe(3 * day);
    expect(calendarSeconds(codec, MINVALUE)).toBeNaN();
    expect(calendarSeconds(codecOf('bigint'), 5n)).toBeNaN();
  });

  it('of retention follow the calendar', () => {
    const now = instant('2025-03-10T12:00:00Z');
    expect(retentionSeconds(policyOf({ retention: keep('1 month') }), now)).toBe(28 * day);
    expect(retentionSeconds(policyOf(), now)).toBeNull();
    expect(retentionSeconds(policyOf({ retention: { ...keep('1 month'), keep: parseSpan(100) } }), now)).toBeNull();
  });
});
