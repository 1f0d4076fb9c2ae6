import { describe, expect, it } from 'vitest';
import { ceilDivide, civilFromDays, daysFromCivil, daysInMonth, floorDivide, isoWeek } from '../../../src/partition/civil.ts';

describe('civil days', () => {
  it.each([
    [1970, 1, 1, 0],
    [1969, 12, 31, -1],
    [2000, 2, 29, 11_016],
    [2000, 3, 1, 11_017],
    [1600, 2, 29, -135_081],
    [1, 1, 1, -719_162],
    [0, 1, 1, -719_528],
    [-4713, 11, 24, -2_440_588],
    [5_874_897, 12, 31, 2_145_042_905],
  ])('counts %i-%i-%i as day %i and back', (year, month, day, days) => {
    expect(daysFromCivil(year, month, day)).toBe(days);
    expect(civilFromDays(days)).toEqual({ year, month, day });
  });

  it('knows the lengths of months in leap and other years', () => {
    const lengths = (year: number): readonly number[] => Array.from({ length: 12 }, (_, index) => daysInMonth(year, index + 1));
    expect(lengths(2025)).toEqual([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
    expect([2024, 1900, 2000, 2100, 0, -4].map((year) => daysInMonth(year, 2))).toEqual([29, 28, 29, 28, 29, 29]);
  });

  it.each([
    ['2020-12-31', 2020, 53],
    ['2021-01-03', 2020, 53],
    ['2021-01-04', 2021, 1],
    ['2024-12-30', 2025, 1],
    ['2026-12-31', 2026, 53],
    ['1969-12-29', 1970, 1],
    ['2016-01-03', 2015, 53],
  ])('puts %s into the ISO year %i, week %i', (date, year, week) => {
    const [y = 0, m = 0, d = 0] = date.split('-').map(Number);
    expect(isoWeek(daysFromCivil(y, m, d))).toEqual({ isoYear: year, isoWeek: week });
  });

  it('rounds quotients down and up on both sides of zero', () => {
    expect([7n, -7n, 6n, -6n, 0n].map((value) => floorDivide(value, 3n))).toEqual([2n, -3n, 2n, -2n, 0n]);
    expect([7n, -7n, 6n, -6n, 0n].map((value) => ceilDivide(value, 3n))).toEqual([3n, -2n, 2n, -2n, 0n]);
  });
});
