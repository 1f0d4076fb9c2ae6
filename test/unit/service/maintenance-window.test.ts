import { describe, expect, it } from 'vitest';
import { formatInstant, parseInstant, wallClock } from '../../../src/partition/calendar.ts';
import { windowEnd } from '../../../src/service/tasks/maintenance-window.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const hourMs = 3_600_000;

function endAt(cron: string, durationMs: number, timezone: string, now: string): string | null {
  const end = windowEnd({ cron, durationMs, timezone }, parseInstant(now, 'UTC'));
  return end === null ? null : formatInstant(end);
}

describe('a maintenance window', () => {
  it.each([
    ['is closed before its firing', '2025-03-10T00:59:59Z', null],
    ['is open from its firing on', '2025-03-10T01:00:00Z', '2025-03-10T05:00:00Z'],
    ['is open until its end', '2025-03-10T04:59:59.999999Z', '2025-03-10T05:00:00Z'],
    ['is closed at its end', '2025-03-10T05:00:00Z', null],
  ])('%s', (_, now, end) => {
    expect(endAt('0 1 * * *', 4 * hourMs, 'UTC', now)).toBe(end);
  });

  it.each([
    ['goes on over midnight', '0 22 * * 5', 8 * hourMs, '2025-03-15T05:30:00Z', '2025-03-15T06:00:00Z'],
    ['opens on its days only', '0 22 * * 5', 8 * hourMs, '2025-03-16T05:30:00Z', null],
    ['opens on its day of the month', '0 0 1 * *', 24 * hourMs, '2025-03-01T23:00:00Z', '2025-03-02T00:00:00Z'],
    ['knows six fields', '30 0 1 * * *', 60_000, '2025-03-10T01:01:00Z', '2025-03-10T01:01:30Z'],
    ['is prolonged by a firing while it is open', '0,30 1 * * *', hourMs, '2025-03-10T01:10:00Z', '2025-03-10T02:30:00Z'],
    ['is prolonged by a firing at its end', '0,30 1 * * *', hourMs / 2, '2025-03-10T01:10:00Z', '2025-03-10T02:00:00Z'],
    ['that never closes says so for a day', '* * * * *', 60_000, '2025-03-10T01:10:10Z', '2025-03-11T01:11:00Z'],
  ])('%s', (_, cron, durationMs, now, end) => {
    expect(endAt(cron, durationMs, 'UTC', now)).toBe(end);
  });

  it.each([
    ['is read in its zone', '0 1 * * *', 'America/New_York', '2025-01-10T06:30:00Z', '2025-01-10T07:00:00Z'],
    [
      'opens after the gap when the clock skips its firing',
      '30 2 * * *',
      'America/New_York',
      '2025-03-09T07:30:00Z',
      '2025-03-09T08:30:00Z',
    ],
    ['is not open before that', '30 2 * * *', 'America/New_York', '2025-03-09T07:29:59Z', null],
    ['lasts its time where the clock is put forward', '30 1 * * *', 'America/New_York', '2025-03-09T07:00:00Z', '2025-03-09T07:30:00Z'],
    [
      'opens at the first of two times that the clock shows',
      '30 1 * * *',
      'America/New_York',
      '2025-11-02T05:40:00Z',
      '2025-11-02T07:30:00Z',
    ],
    ['opens at the second of them too', '30 1 * * *', 'America/New_York', '2025-11-02T06:30:00Z', '2025-11-02T07:30:00Z'],
  ])('%s', (_, cron, timezone, now, end) => {
    expect(endAt(cron, hourMs, timezone, now)).toBe(end);
  });

  it('opens and closes where a search through every minute does, also where clocks change', () => {
    const random = seededRandom(7);
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
    for (let round = 0; round < 80; round += 1) {
      const timezone = pick(['UTC', 'America/New_York', 'Australia/Lord_Howe', 'Europe/Berlin', 'Asia/Kathmandu']);
      const cron = `${pick(['0', '30', '0,20', '*/15'])} ${pick(['*', '1', '2', '1-3', '23', '*/6'])} * * ${pick(['*', '0', '1-5', '6'])}`;
      const minutes = pick([1, 20, 60, 90, 600, 1440]);
      const day = pick(['2025-03-09', '2025-11-02', '2025-03-30', '2025-10-26', '2025-04-06', '2025-10-05', '2025-07-01']);
      const now = parseInstant(`${day}T00:00:00Z`, 'UTC') + BigInt(Math.floor(random() * 2880) - 720) * 60_000_000n;
      const found = windowEnd({ cron, durationMs: minutes * 60_000, timezone }, now);
      expect(found === null, `${cron} ${minutes} ${timezone} ${formatInstant(now)}`).toBe(!isOpen(cron, minutes, timezone, now));
      if (found === null || found - now >= 86_400_000_000n) continue;
      expect(isOpen(cron, minutes, timezone, found - 60_000_000n), `just before the end: ${cron} ${timezone}`).toBe(true);
      expect(isOpen(cron, minutes, timezone, found), `at the end: ${cron} ${timezone} ${formatInstant(found)}`).toBe(false);
    }
  });
});

/** By trying every minute before `now`; cron fields as `*`, `a`, `a,b`, `a-b` or with a step behind the star. */
function isOpen(cron: string, minutes: number, timezone: string, now: bigint): boolean {
  for (let back = 0; back < minutes; back += 1) if (isFiring(cron, timezone, now - BigInt(back) * 60_000_000n)) return true;
  return false;
}

function isFiring(cron: string, timezone: string, at: bigint): boolean {
  const wall = wallClock(at, timezone);
  if (matches(cron, wall)) return true;
  // What the clock has skipped counts as shown by the clock from before.
  const skipped = [30n, 60n].map((minutes) => minutes * 60_000_000n).find((gap) => wallClock(at - gap, timezone) + gap === wall - gap);
  if (skipped === undefined) return false;
  return matches(cron, wall - skipped) && !shows(timezone, wall - skipped, at);
}

/** Whether some instant around `at` has that wall clock. */
function shows(timezone: string, wall: bigint, at: bigint): boolean {
  for (let minute = -180n; minute <= 180n; minute += 1n) if (wallClock(at + minute * 60_000_000n, timezone) === wall) return true;
  return false;
}

function matches(cron: string, wall: bigint): boolean {
  const date = new Date(Number(wall / 1_000n));
  const values = [date.getUTCMinutes(), date.getUTCHours(), null, null, date.getUTCDay()];
  return cron.split(' ').every((field, index) => {
    const value = values[index] ?? null;
    if (value === null || field === '*') return true;
    if (field.startsWith('*/')) return value % Number(field.slice(2)) === 0;
    const [from, to] = field.split('-').map(Number);
    return to === undefined ? field.split(',').map(Number).includes(value) : value >= (from ?? 0) && value <= to;
  });
}
