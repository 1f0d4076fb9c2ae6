import { describe, expect, it } from 'vitest';
import { formatInterval, formatSpan, type Interval, isZeroSpan, parseInterval, parseSpan } from '../../../src/partition/interval.ts';

describe('parseInterval', () => {
  const cases: readonly (readonly [string | number, Interval, string])[] = [
    ['1 month', { kind: 'calendar', count: 1, unit: 'month' }, '1 month'],
    ['3 MONTHS', { kind: 'calendar', count: 3, unit: 'month' }, '3 months'],
    [' 15   minutes ', { kind: 'calendar', count: 15, unit: 'minute' }, '15 minutes'],
    ['15minutes', { kind: 'calendar', count: 15, unit: 'minute' }, '15 minutes'],
    ['2 weeks', { kind: 'calendar', count: 2, unit: 'week' }, '2 weeks'],
    ['1 quarter', { kind: 'calendar', count: 1, unit: 'quarter' }, '1 quarter'],
    ['1 year', { kind: 'calendar', count: 1, unit: 'year' }, '1 year'],
    ['6 hours', { kind: 'calendar', count: 6, unit: 'hour' }, '6 hours'],
    ['1 day', { kind: 'calendar', count: 1, unit: 'day' }, '1 day'],
    [1_000_000, { kind: 'integer', step: 1_000_000n }, '1000000'],
    ['9223372036854775807', { kind: 'integer', step: 9_223_372_036_854_775_807n }, '9223372036854775807'],
  ];
  it.each(cases)('reads %s', (text, interval, formatted) => {
    expect(parseInterval(text)).toEqual(interval);
    expect(formatInterval(interval)).toBe(formatted);
    expect(parseInterval(formatted)).toEqual(interval);
  });

  it.each([
    ['', 'write a number and a unit'],
    ['month', 'did you mean "1 month"?'],
    ['monthly', 'did you mean "1 month"?'],
    ['3 mons', 'did you mean "3 months"?'],
    ['15min', 'did you mean "15 minutes"?'],
    ['1 d', 'did you mean "1 day"?'],
    ['2 quaters', 'did you mean "2 quarters"?'],
    ['1.5 hours', 'did you mean "1 hour"?'],
    ['-1 day', 'did you mean "1 day"?'],
    ['5 m', 'write a number and a unit'],
    ['1 fortnight', 'write a number and a unit'],
    ['P1M', 'write a number and a unit'],
    ['1 month 2 days', 'one number and one unit'],
    ['0 days', 'at least 1 day'],
    [0, 'at least 1'],
    ['0', 'at least 1'],
    [-5, 'no whole number of 0 or more; write digits only'],
    [1.5, 'no whole number of 0 or more; write digits only'],
    ['1_000', 'write digits only'],
    ['1e6', 'write digits only'],
    [2 ** 60, 'put a number this long into quotes'],
    [Number.NaN, 'no whole number'],
    ['1001 years', 'more than a thousand years'],
    ['99999999999999999999 minutes', 'more than a thousand years'],
  ])('refuses %o', (text, complaint) => {
    expect(() => parseInterval(text)).toThrow(RangeError);
    expect(() => parseInterval(text)).toThrow(complaint);
  });
});

describe('parseSpan', () => {
  it.each([
    ['12 quarters', 36, 0, 0n, '3 years'],
    ['1 year 6 months', 18, 0, 0n, '1 year 6 months'],
    ['2 weeks', 0, 14, 0n, '14 days'],
    ['36 hours', 0, 0, 129_600_000_000n, '36 hours'],
    ['90 minutes', 0, 0, 5_400_000_000n, '90 minutes'],
    ['0 days', 0, 0, 0n, '0 days'],
    ['1 month 1 week 1 minute', 1, 7, 60_000_000n, '1 month 7 days 1 minute'],
  ])('reads %s', (text, months, days, micros, formatted) => {
    const span = { kind: 'calendar', months, days, micros } as const;
    expect(parseSpan(text)).toEqual(span);
    expect(formatSpan(span)).toBe(formatted);
    expect(parseSpan(formatted)).toEqual(span);
  });

  it('reads a bare number as a distance', () => {
    expect(parseSpan(5_000_000)).toEqual({ kind: 'integer', distance: 5_000_000n });
    expect(parseSpan('0')).toEqual({ kind: 'integer', distance: 0n });
    expect(formatSpan({ kind: 'integer', distance: 7n })).toBe('7');
  });

  it('refuses what it does not understand', () => {
    expect(() => parseSpan('soon')).toThrow('write a number and a unit');
    expect(() => parseSpan('7 days later')).toThrow('write a number and a unit');
    expect(() => parseSpan('7 days 3')).toThrow(RangeError);
  });

  it('knows an empty span of either kind', () => {
    expect(['0', '0 days', '0 months'].map((text) => isZeroSpan(parseSpan(text)))).toEqual([true, true, true]);
    expect(['1', '1 day', '1 month', '1 minute'].map((text) => isZeroSpan(parseSpan(text)))).toEqual([false, false, false, false]);
  });
});
