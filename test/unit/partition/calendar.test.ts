import { describe, expect, it } from 'vitest';
import {
  addSpan,
  calendarFields,
  calendarFloor,
  calendarNext,
  formatInstant,
  instantOfWall,
  isTimezone,
  parseInstant,
  wallClock,
} from '../../../src/partition/calendar.ts';
import { type CalendarInterval, parseInterval, parseSpan, type Span } from '../../../src/partition/interval.ts';

const at = (text: string): bigint => parseInstant(text, 'UTC');

function calendar(text: string): CalendarInterval {
  const interval = parseInterval(text);
  if (interval.kind !== 'calendar') throw new Error(`${text} is no calendar interval`);
  return interval;
}

function span(text: string): Extract<Span, { kind: 'calendar' }> {
  const parsed = parseSpan(text);
  if (parsed.kind !== 'calendar') throw new Error(`${text} is no calendar span`);
  return parsed;
}

describe('boundaries', () => {
  // interval, zone, an instant inside, the boundary at or before it, the boundary after it
  it.each([
    ['1 month', 'UTC', '2025-03-10T12:00:00Z', '2025-03-01T00:00:00Z', '2025-04-01T00:00:00Z'],
    ['1 month', 'UTC', '2025-03-01T00:00:00Z', '2025-03-01T00:00:00Z', '2025-04-01T00:00:00Z'],
    ['1 quarter', 'UTC', '2025-02-28T23:59:59.999999Z', '2025-01-01T00:00:00Z', '2025-04-01T00:00:00Z'],
    ['1 quarter', 'Europe/Paris', '2025-03-31T22:00:00Z', '2025-03-31T22:00:00Z', '2025-06-30T22:00:00Z'],
    ['1 year', 'Asia/Kathmandu', '2025-01-01T00:00:00Z', '2024-12-31T18:15:00Z', '2025-12-31T18:15:00Z'],
    ['10 years', 'UTC', '2025-01-01T00:00:00Z', '2020-01-01T00:00:00Z', '2030-01-01T00:00:00Z'],
    ['7 months', 'UTC', '2025-03-10T00:00:00Z', '2024-10-01T00:00:00Z', '2025-05-01T00:00:00Z'],
    ['1 week', 'UTC', '2025-03-10T00:00:00Z', '2025-03-10T00:00:00Z', '2025-03-17T00:00:00Z'],
    ['1 week', 'UTC', '2020-12-31T00:00:00Z', '2020-12-28T00:00:00Z', '2021-01-04T00:00:00Z'],
    ['2 weeks', 'UTC', '1970-01-04T00:00:00Z', '1969-12-22T00:00:00Z', '1970-01-05T00:00:00Z'],
    ['1 day', 'UTC', '2024-02-29T10:00:00Z', '2024-02-29T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['10 days', 'UTC', '1969-12-31T00:00:00Z', '1969-12-22T00:00:00Z', '1970-01-01T00:00:00Z'],
    ['1 day', 'Europe/Paris', '2025-03-30T12:00:00Z', '2025-03-29T23:00:00Z', '2025-03-30T22:00:00Z'],
    ['1 day', 'Europe/Paris', '2025-10-26T12:00:00Z', '2025-10-25T22:00:00Z', '2025-10-26T23:00:00Z'],
    ['1 day', 'America/Sao_Paulo', '2018-11-04T12:00:00Z', '2018-11-04T03:00:00Z', '2018-11-05T02:00:00Z'],
    ['1 day', 'America/Toronto', '1919-03-31T12:00:00Z', '1919-03-31T04:30:00Z', '1919-04-01T04:00:00Z'],
    ['1 day', 'Pacific/Apia', '2011-12-30T09:59:59Z', '2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z'],
    ['1 day', 'Pacific/Apia', '2011-12-30T10:00:00Z', '2011-12-30T10:00:00Z', '2011-12-31T10:00:00Z'],
    ['1 day', 'America/Havana', '2025-11-02T04:30:00Z', '2025-11-02T04:00:00Z', '2025-11-03T05:00:00Z'],
    ['1 day', 'America/Havana', '2025-11-02T05:30:00Z', '2025-11-02T04:00:00Z', '2025-11-03T05:00:00Z'],
    // At 00:01 of 7 November the clocks of Saint John's went back to 23:01 of the 6th; the 7th had begun already.
    ['1 day', 'America/St_Johns', '2010-11-07T02:45:00Z', '2010-11-07T02:30:00Z', '2010-11-08T03:30:00Z'],
    ['1 year', 'UTC', '-000043-03-15T00:00:00Z', '-000043-01-01T00:00:00Z', '-000042-01-01T00:00:00Z'],
    ['1 year', 'Europe/Paris', '+290000-06-01T00:00:00Z', '+289999-12-31T23:00:00Z', '+290000-12-31T23:00:00Z'],
    ['1 hour', 'UTC', '2025-03-10T12:34:56Z', '2025-03-10T12:00:00Z', '2025-03-10T13:00:00Z'],
    ['1 hour', 'Europe/Paris', '2025-10-26T00:30:00Z', '2025-10-26T00:00:00Z', '2025-10-26T01:00:00Z'],
    ['1 hour', 'Europe/Paris', '2025-10-26T01:30:00Z', '2025-10-26T01:00:00Z', '2025-10-26T02:00:00Z'],
    ['1 hour', 'Asia/Kathmandu', '2025-01-01T00:00:00Z', '2024-12-31T23:15:00Z', '2025-01-01T00:15:00Z'],
    ['6 hours', 'Europe/Paris', '2025-03-30T03:00:00Z', '2025-03-29T23:00:00Z', '2025-03-30T04:00:00Z'],
    ['6 hours', 'Europe/Paris', '2025-10-26T04:30:00Z', '2025-10-25T22:00:00Z', '2025-10-26T05:00:00Z'],
    ['2 hours', 'America/Sao_Paulo', '2018-11-04T02:30:00Z', '2018-11-04T01:00:00Z', '2018-11-04T03:00:00Z'],
    ['2 hours', 'America/Sao_Paulo', '2018-11-04T03:30:00Z', '2018-11-04T03:00:00Z', '2018-11-04T04:00:00Z'],
    ['24 hours', 'Europe/Paris', '2025-10-26T12:00:00Z', '2025-10-25T22:00:00Z', '2025-10-26T23:00:00Z'],
    ['1 hour', 'Australia/Lord_Howe', '2025-10-04T15:15:00Z', '2025-10-04T14:30:00Z', '2025-10-04T16:00:00Z'],
    ['1 hour', 'Australia/Lord_Howe', '2025-04-05T15:15:00Z', '2025-04-05T14:00:00Z', '2025-04-05T15:30:00Z'],
    ['30 minutes', 'Australia/Lord_Howe', '2025-04-05T15:15:00Z', '2025-04-05T15:00:00Z', '2025-04-05T15:30:00Z'],
    ['7 hours', 'Europe/Paris', '1970-01-01T08:00:00Z', '1970-01-01T07:00:00Z', '1970-01-01T14:00:00Z'],
    ['7 minutes', 'Asia/Tokyo', '1969-12-31T23:59:00Z', '1969-12-31T23:53:00Z', '1970-01-01T00:00:00Z'],
    ['36 hours', 'UTC', '1970-01-02T00:00:00Z', '1970-01-01T00:00:00Z', '1970-01-02T12:00:00Z'],
  ])('%s in %s around %s', (interval, zone, inside, floor, next) => {
    expect(formatInstant(calendarFloor(calendar(interval), zone, at(inside)))).toBe(floor);
    expect(formatInstant(calendarNext(calendar(interval), zone, at(inside)))).toBe(next);
    expect(formatInstant(calendarFloor(calendar(interval), zone, at(next) - 1n))).toBe(floor);
    expect(formatInstant(calendarFloor(calendar(interval), zone, at(next)))).toBe(next);
    expect(formatInstant(calendarNext(calendar(interval), zone, at(floor)))).toBe(next);
  });
});

describe('addSpan', () => {
  it.each([
    ['2025-01-31T12:00:00Z', '1 month', 'UTC', 1, '2025-02-28T12:00:00Z'],
    ['2024-03-31T12:00:00Z', '1 month', 'UTC', -1, '2024-02-29T12:00:00Z'],
    ['2025-03-10T00:00:00Z', '12 quarters', 'UTC', -1, '2022-03-10T00:00:00Z'],
    ['2025-03-30T22:30:00Z', '1 day', 'Europe/Paris', -1, '2025-03-29T23:30:00Z'],
    ['2025-03-30T22:30:00Z', '24 hours', 'Europe/Paris', -1, '2025-03-29T22:30:00Z'],
    ['2025-03-29T01:30:00Z', '1 day', 'Europe/Paris', 1, '2025-03-30T01:30:00Z'],
    ['2025-10-25T00:30:00Z', '1 day 1 hour', 'Europe/Paris', 1, '2025-10-26T01:30:00Z'],
    ['0000-02-29T00:00:00Z', '1 year', 'UTC', -1, '-000001-02-28T00:00:00Z'],
    ['2025-03-10T00:00:00Z', '0 days', 'Europe/Paris', 1, '2025-03-10T00:00:00Z'],
  ] as const)('%s and %s in %s, sign %i', (start, text, zone, sign, end) => {
    expect(formatInstant(addSpan(at(start), span(text), zone, sign))).toBe(end);
  });
});

describe('wall clocks', () => {
  it('reads and sets the clock of a zone', () => {
    expect(wallClock(at('2025-07-01T00:00:00Z'), 'Asia/Kathmandu')).toBe(at('2025-07-01T05:45:00Z'));
    expect(instantOfWall(at('2025-07-01T05:45:00Z'), 'Asia/Kathmandu')).toBe(at('2025-07-01T00:00:00Z'));
    expect(instantOfWall(at('2025-07-01T05:45:00Z'), 'UTC')).toBe(at('2025-07-01T05:45:00Z'));
  });

  it('takes the first of two, and goes on behind a gap', () => {
    expect(formatInstant(instantOfWall(at('2025-10-26T02:30:00Z'), 'Europe/Paris'))).toBe('2025-10-26T00:30:00Z');
    expect(formatInstant(instantOfWall(at('2025-03-30T02:30:00Z'), 'Europe/Paris'))).toBe('2025-03-30T01:30:00Z');
  });

  it('keeps the microseconds before 1970', () => {
    expect(instantOfWall(at('1950-07-01T00:00:00.000001Z'), 'Europe/Paris')).toBe(at('1950-06-30T23:00:00.000001Z'));
  });

  it('works as far as PostgreSQL and beyond the calendar library', () => {
    expect(wallClock(at('+294276-12-31T12:00:00Z'), 'Europe/Paris')).toBe(at('+294276-12-31T13:00:00Z'));
    expect(wallClock(at('+294276-07-01T12:00:00Z'), 'Europe/Paris')).toBe(at('+294276-07-01T14:00:00Z'));
    expect(instantOfWall(at('+294276-07-01T14:00:00Z'), 'Europe/Paris')).toBe(at('+294276-07-01T12:00:00Z'));
    expect(instantOfWall(at('-290000-07-01T12:09:21Z'), 'Europe/Paris')).toBe(at('-290000-07-01T12:00:00Z'));
  });
});

describe('calendarFields', () => {
  it('names every field in the zone', () => {
    const fields = { year: 2025, month: 1, day: 1, hour: 4, minute: 45, quarter: 1, isoYear: 2025, isoWeek: 1 };
    expect(calendarFields(at('2024-12-31T23:00:00Z'), 'Asia/Kathmandu')).toEqual(fields);
    expect(calendarFields(at('2027-01-01T00:00:00Z'), 'UTC')).toMatchObject({ quarter: 1, isoYear: 2026, isoWeek: 53 });
    expect(calendarFields(at('2025-12-31T00:00:00Z'), 'UTC')).toMatchObject({ quarter: 4, isoYear: 2026, isoWeek: 1 });
  });
});

describe('instants as text', () => {
  it.each([
    ['2025-04-01', 'UTC', '2025-04-01T00:00:00Z'],
    ['2025-04-01', 'Europe/Paris', '2025-03-31T22:00:00Z'],
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00Z'],
    ['2025-04-01T10:00', 'Europe/Paris', '2025-04-01T08:00:00Z'],
    ['2025-04-01 10:00:00.5', 'UTC', '2025-04-01T10:00:00.5Z'],
    ['2025-04-01t10:00:00,1234567z', 'Europe/Paris', '2025-04-01T10:00:00.123456Z'],
    ['2025-04-01T10:00:00+05:45', 'UTC', '2025-04-01T04:15:00Z'],
    ['2025-04-01 10:00-03', 'Europe/Paris', '2025-04-01T13:00:00Z'],
    ['2025-04-01T10:00:00+0530', 'UTC', '2025-04-01T04:30:00Z'],
    ['1969-12-31T23:59:59.999999Z', 'UTC', '1969-12-31T23:59:59.999999Z'],
    ['+010000-01-01T00:00:00Z', 'UTC', '+010000-01-01T00:00:00Z'],
    ['-000043-03-15T00:00:00Z', 'UTC', '-000043-03-15T00:00:00Z'],
    ['0000-01-01', 'UTC', '0000-01-01T00:00:00Z'],
    [' 9999-12-31 ', 'UTC', '9999-12-31T00:00:00Z'],
  ])('reads %s in %s as %s', (text, zone, instant) => {
    expect(formatInstant(parseInstant(text, zone))).toBe(instant);
  });

  it.each([
    '',
    'tomorrow',
    '2025-02-29',
    '2025-13-01',
    '2025-00-01',
    '2025-01-00',
    '2025-01-01T24:00',
    '2025-01-01T10:60',
    '2025-01-01T10:00:60',
    '2025-01-01T10',
    '2025-01-01Z',
    '2025-01-01T10:00+25',
    '01/02/2025',
    '1735689600',
  ])('refuses "%s"', (text) => {
    expect(() => parseInstant(text, 'UTC')).toThrow(RangeError);
    expect(() => parseInstant(text, 'UTC')).toThrow('write it like 2025-04-01 or 2025-04-01T00:00:00Z');
  });
});

describe('isTimezone', () => {
  it('knows names, and only names', () => {
    expect(['UTC', 'Europe/Paris', 'europe/paris', 'Etc/GMT+5', 'EST5EDT'].filter((zone) => !isTimezone(zone))).toEqual([]);
    expect(['', '+02:00', '-03', 'Mars/Base', 'CEST-ish', 'Europe/Paris '].filter(isTimezone)).toEqual([]);
  });
});
