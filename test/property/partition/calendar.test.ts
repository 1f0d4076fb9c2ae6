import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addSpan,
  calendarFields,
  calendarFloor,
  calendarNext,
  formatInstant,
  instantOfWall,
  parseInstant,
  wallClock,
} from '../../../src/partition/calendar.ts';
import { civilFromDays, daysFromCivil } from '../../../src/partition/civil.ts';
import { calendarInterval, instant, zone } from './arbitraries.ts';

describe('boundaries of any interval in any zone', () => {
  it('hold every instant exactly once: floor <= t < next, and both agree from everywhere in between', () => {
    fc.assert(
      fc.property(calendarInterval, zone, instant, (interval, in_, t) => {
        const floor = calendarFloor(interval, in_, t);
        const next = calendarNext(interval, in_, t);
        expect(floor <= t && t < next).toBe(true);
        expect(calendarFloor(interval, in_, floor)).toBe(floor);
        expect(calendarNext(interval, in_, floor)).toBe(next);
        expect(calendarFloor(interval, in_, next - 1n)).toBe(floor);
        expect(calendarFloor(interval, in_, next)).toBe(next);
      }),
      { numRuns: 1000 },
    );
  });

  it('agree around every change of a zone within a year', () => {
    fc.assert(
      fc.property(calendarInterval, zone, fc.integer({ min: 1900, max: 2100 }), (interval, in_, year) => {
        const end = parseInstant(`${year}-12-31T00:00:00Z`, 'UTC');
        const hour = 3_600_000_000n;
        for (let t = parseInstant(`${year}-01-01T00:30:00Z`, 'UTC'); t < end; t += 24n * hour) {
          if (wallClock(t, in_) - t === wallClock(t + 24n * hour, in_) - t - 24n * hour) continue;
          for (let offset = 0n; offset < 24n; offset++) {
            const p = t + offset * hour;
            const floor = calendarFloor(interval, in_, p);
            const next = calendarNext(interval, in_, p);
            expect(floor <= p && p < next).toBe(true);
            expect(calendarNext(interval, in_, floor)).toBe(next);
            expect(calendarFloor(interval, in_, next - 1n)).toBe(floor);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('clocks and text', () => {
  it('set the clock to what it shows', () => {
    fc.assert(
      fc.property(zone, instant, (in_, t) => {
        const back = instantOfWall(wallClock(t, in_), in_);
        expect(wallClock(back, in_)).toBe(wallClock(t, in_));
        expect(back <= t).toBe(true);
      }),
    );
  });

  it('read back every instant that they write', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -9_300_000_000_000_000_000n, max: 9_300_000_000_000_000_000n }), zone, (t, in_) => {
        expect(parseInstant(formatInstant(t), in_)).toBe(t);
      }),
    );
  });

  it('agree with the platform on the fields of a day', () => {
    fc.assert(
      fc.property(fc.integer({ min: -90_000_000, max: 90_000_000 }), (days) => {
        const date = new Date(days * 86_400_000);
        const expected = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
        expect(civilFromDays(days)).toEqual(expected);
        expect(daysFromCivil(expected.year, expected.month, expected.day)).toBe(days);
        expect(calendarFields(BigInt(days) * 86_400_000_000n, 'UTC')).toMatchObject(expected);
      }),
    );
  });

  it('subtract a span of days and hours that they added, away from changes of the clock', () => {
    fc.assert(
      fc.property(instant, fc.integer({ min: 0, max: 1000 }), fc.bigInt({ min: 0n, max: 10n ** 12n }), (t, days, micros) => {
        const span = { kind: 'calendar', months: 0, days, micros } as const;
        expect(addSpan(addSpan(t, span, 'UTC', 1), span, 'UTC', -1)).toBe(t);
      }),
    );
  });
});
