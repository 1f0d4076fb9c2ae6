import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClosedPartition } from '../../../src/plan/growth/closed-partition.ts';
import { forecastSizes } from '../../../src/plan/growth/forecast.ts';
import { fitGrowth, growthAt, growthBetween } from '../../../src/plan/growth.ts';

const day = 86_400;

/** One partition a day, from any day on. */
function days(bytes: readonly number[], start = 20_000): readonly ClosedPartition[] {
  return bytes.map((size, index) => ({ from: (start + index) * day, to: (start + index + 1) * day, bytes: size }));
}

function sum(closed: readonly ClosedPartition[]): number {
  return closed.reduce((total, { bytes }) => total + bytes, 0);
}

/** What `count` more days bring after `seen`. */
function forecast(seen: readonly ClosedPartition[], count: number): number {
  const growth = fitGrowth(seen);
  const end = seen.at(-1)?.to ?? 0;
  return growth === null ? Number.NaN : growthBetween(growth, end, end + count * day);
}

/** From 0 to 1. */
const share = fc.double({ min: 0, max: 1, noNaN: true });

describe('growth', () => {
  it('finds a season of the week that was planted, and then forecasts better than it can without', () => {
    const shape = fc.shuffledSubarray([2, 2, 2, 8, 10, 10, 12], { minLength: 7 });
    fc.assert(
      fc.property(
        shape,
        share,
        fc.integer({ min: 56, max: 200 }),
        fc.array(share, { minLength: 200, maxLength: 200 }),
        (week, trend, count, noise) => {
          const pace = (index: number): number => (week[index % 7] ?? 0) * (1 + (trend * index) / 100);
          const seen = days(noise.slice(0, count).map((chance, index) => 1e6 * pace(index) * (0.95 + 0.1 * chance)));
          expect(fitGrowth(seen)?.season?.kind).toBe('week');
          const growth = fitGrowth(seen);
          if (growth === null) throw new Error('nothing was fitted');
          const alone = { ...growth, season: null };
          const ahead = days(
            Array.from({ length: 14 }, (_, index) => 1e6 * pace(count + index)),
            20_000 + count,
          );
          const error = (one: typeof growth): number =>
            ahead.reduce((total, { from, to, bytes }) => total + Math.abs(growthBetween(one, from, to) - bytes), 0);
          expect(error(growth)).toBeLessThan(error(alone) / 2);
          expect(Math.abs(forecast(seen, 14) / sum(ahead) - 1)).toBeLessThan(0.15);
        },
      ),
    );
  });

  it('takes no noise for a season', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 2 }), fc.integer({ min: 84, max: 400 }), (seed, count) => {
        let state = seed;
        const chance = (): number => {
          state = (state * 48_271) % 2_147_483_647;
          return state / 2_147_483_647;
        };
        expect(fitGrowth(days(Array.from({ length: count }, () => 1e6 * (1 + 2 * chance()))))?.season).toBeNull();
      }),
    );
  });

  it('scales with the sizes', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 3, maxLength: 120 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 20 }), (bytes, power) => {
        const factor = 2 ** power;
        const once = forecast(days(bytes), 90);
        const more = forecast(days(bytes.map((size) => size * factor)), 90);
        expect(Math.abs(more - once * factor)).toBeLessThanOrEqual(1e-6 * Math.abs(more) + 1e-6);
      }),
    );
  });

  it('is a finite number and never negative, whatever was seen', () => {
    const range = fc.record({
      gap: fc.integer({ min: 0, max: 40 * 24 }),
      hours: fc.constantFrom(1, 6, 24, 25, 168, 720, 744, 8760),
      bytes: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(
        fc.array(range, { maxLength: 150 }),
        fc.option(fc.integer({ min: 0, max: 10_000 })),
        fc.constantFrom('hour', 'day', 'month', 'year'),
        (ranges, keepDays, unit) => {
          let at = 17_000 * day;
          const partitions = ranges.map(({ gap, hours, bytes }) => {
            const from = at + gap * 3600;
            at = from + hours * 3600;
            return { from, to: at, bytes, hasRows: true, isClosed: true, isHeld: false };
          });
          const found = forecastSizes(partitions, {
            now: at,
            keepSeconds: keepDays === null ? null : keepDays * day,
            interval: { kind: 'calendar', count: 1, unit },
            zone: 'America/New_York',
          });
          expect(found !== null).toBe(ranges.filter(({ bytes }) => bytes > 0).length >= 3);
          for (const { bytes } of found?.sizes ?? []) {
            expect(Number.isFinite(bytes)).toBe(true);
            expect(bytes).toBeGreaterThanOrEqual(0);
          }
          if (found !== null) expect(growthAt(found.growth, at)).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});
