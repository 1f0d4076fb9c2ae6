import { expect, it } from 'vitest';
import { openUntil } from '../../../src/partition/migration/daily-window.ts';

const night = { days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 22 * 60, toMinute: 6 * 60 };
const noon = { days: [4], fromMinute: 12 * 60, toMinute: 13 * 60 + 5 };
const early = { days: [5], fromMinute: 0, toMinute: 30 };

it.each([
  ['1970-01-01T23:00:00Z', '06:00'],
  ['1970-01-02T00:10:00Z', '06:00'],
  ['1970-01-01T12:30:00Z', '13:05'],
  ['1970-01-02T12:30:00Z', null],
  ['1970-01-01T06:00:00Z', null],
])('%#: tells that what is open at %s closes at %s', (now, end) => {
  expect(openUntil([noon, early, night], 'UTC', BigInt(Date.parse(now)) * 1000n)).toBe(end);
  expect(openUntil([], 'UTC', 0n)).toBeNull();
});
