import { describe, expect, it } from 'vitest';
import { type CalendarInterval, parseInterval, parseSpan } from '../../../src/partition/interval.ts';
import { MINVALUE } from '../../../src/partition/position.ts';
import { forecastSizes, type Present, type SizedPartition } from '../../../src/plan/growth/forecast.ts';
import { calendarSeconds, presentOf, retentionSeconds } from '../../../src/plan/growth/seconds.ts';
import { codecOf, instant, keep, policyOf } from '../../support/model.ts';

const day = 86_400;

/** So many days of a byte a second until day `count`, and the default partition of 1,000 bytes. */
function table(count: number, change: (index: number) => Partial<SizedPartition> = () => ({})): readonly SizedPartition[] {
  const days = Array.from({ length: count }, (_, index) => ({
    from: index * day,
    to: (index + 1) * day,
    bytes: day,
    hasRows: true,
    isClosed: true,
    isHeld: false,
    ...change(index),
  }));
  return [...days, { from: Number.NaN, to: Number.NaN, bytes: 1000, hasRows: true, isClosed: false, isHeld: false }];
}

function presentAt(now: number, keepDays: number | null, unit: CalendarInterval['unit'] = 'day'): Present {
  return {
    now: now * day,
    keepSeconds: keepDays === null ? null : keepDays * day,
    interval: { kind: 'calendar', count: 1, unit },
    zone: 'UTC',
  };
}

function bytesAt(partitions: readonly SizedPartition[], keepDays: number | null): readonly (number | undefined)[] {
  const forecast = forecastSizes(partitions, presentAt(40, keepDays));
  return (forecast?.sizes ?? []).map(({ bytes }) => (bytes - 1000) / day);
}

describe('the forecast of sizes', () => {
  it('adds what comes in 7, 30 and 90 days', () => {
    expect(forecastSizes(table(40), presentAt(40, null))?.sizes.map(({ days }) => days)).toEqual([7, 30, 90]);
    for (const [index, bytes] of bytesAt(table(40), null).entries()) expect(bytes).toBeCloseTo([47, 70, 130][index] ?? 0);
  });

  it('takes off what retention takes until then, of what is there and of what comes', () => {
    for (const [index, bytes] of bytesAt(table(40), 40).entries()) expect(bytes).toBeCloseTo([40, 40, 40][index] ?? 0);
    for (const [index, bytes] of bytesAt(table(40), 60).entries()) expect(bytes).toBeCloseTo([47, 60, 60][index] ?? 0);
  });

  it('keeps whole partitions of what comes: a month of which retention has reached a part is still there', () => {
    // On the first of November 1970; sixty days later it is the last of December, whose days are all there still.
    const growth = forecastSizes(table(304), presentAt(304, 30, 'month'));
    expect((growth?.sizes.map(({ bytes }) => (bytes - 1000) / day) ?? []).map(Math.round)).toEqual([30, 30, 60]);
    const left = forecastSizes(table(304), presentAt(304, 30, 'year'));
    expect(((left?.sizes.at(-1)?.bytes ?? 0) - 1000) / day).toBeCloseTo(90);
  });

  it('takes pages of empty partitions for no growth, and what is not known for nothing at all', () => {
    const empty = table(40, (index) => (index < 30 ? { hasRows: false, bytes: 10 * day } : {}));
    expect(forecastSizes(empty, presentAt(40, null))?.growth.pace).toBeCloseTo(1);
    const stopped = table(40, (index) => (index < 10 ? {} : { hasRows: false, bytes: 10 * day }));
    expect(forecastSizes(stopped, presentAt(40, null))?.growth.pace).toBe(0);
    const unknown = table(40, (index) => (index < 10 ? {} : { hasRows: null, bytes: 0 }));
    expect(forecastSizes(unknown, presentAt(40, null))?.growth.pace).toBeCloseTo(1);
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

  it('of the present are those of the calendar of the key, none for integers', () => {
    const now = instant('2025-03-10T12:00:00Z');
    const codec = codecOf('date');
    const policy = policyOf({ interval: parseInterval('1 week'), retention: keep('1 day') });
    expect(presentOf(policy, codec, 20_000n, now)).toEqual({
      now: 20_000 * day,
      keepSeconds: day,
      interval: { kind: 'calendar', count: 1, unit: 'week' },
      zone: 'UTC',
    });
    expect(presentOf(policyOf({ interval: parseInterval(5) }), codecOf('bigint'), 7n, now)).toBeNull();
  });

  it('of retention follow the calendar', () => {
    const now = instant('2025-03-10T12:00:00Z');
    expect(retentionSeconds(policyOf({ retention: keep('1 month') }), now)).toBe(28 * day);
    expect(retentionSeconds(policyOf(), now)).toBeNull();
    expect(retentionSeconds(policyOf({ retention: { ...keep('1 month'), keep: parseSpan(100) } }), now)).toBeNull();
  });
});
