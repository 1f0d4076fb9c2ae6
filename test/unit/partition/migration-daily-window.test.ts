import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../../src/partition/calendar.ts';
import { isInWindow } from '../../../src/partition/migration/daily-window.ts';
import type { DailyWindow } from '../../../src/partition/migration/policy.ts';

const overnight: DailyWindow = { days: [5], fromMinute: 22 * 60, toMinute: 6 * 60 };
const morning: DailyWindow = { days: [1, 2, 3, 4, 5], fromMinute: 2 * 60, toMinute: 3 * 60 };

describe('isInWindow', () => {
  it.each([
    // 2026-11-20 is a Friday; Berlin is an hour ahead of UTC then.
    ['2026-11-20T20:59:59Z', [overnight], false],
    ['2026-11-20T21:00:00Z', [overnight], true],
    ['2026-11-21T04:59:59Z', [overnight], true],
    ['2026-11-21T05:00:00Z', [overnight], false],
    ['2026-11-20T04:00:00Z', [overnight], false],
    ['2026-11-21T21:00:00Z', [overnight], false],
    ['2026-11-20T01:30:00Z', [overnight, morning], true],
    ['2026-11-21T01:30:00Z', [morning], false],
    ['2026-11-21T01:30:00Z', [], true],
    ['1969-12-31T23:30:00Z', [{ days: [4], fromMinute: 0, toMinute: 60 }], true],
    ['2026-11-20T13:00:00Z', [{ days: [5], fromMinute: 720, toMinute: 720 }], true],
    ['2026-11-21T10:59:00Z', [{ days: [5], fromMinute: 720, toMinute: 720 }], true],
    ['2026-11-21T11:00:00Z', [{ days: [5], fromMinute: 720, toMinute: 720 }], false],
    ['2026-11-20T22:59:59Z', [{ days: [5], fromMinute: 0, toMinute: 1440 }], true],
  ] as const)('%#: at %s in Berlin', (at, windows, isOpen) => {
    expect(isInWindow(windows, 'Europe/Berlin', parseInstant(at, 'UTC'))).toBe(isOpen);
  });

  it('has an hour twice when the clock is set back, and none when it is skipped', () => {
    const sunday: DailyWindow = { days: [7], fromMinute: 2 * 60, toMinute: 3 * 60 };
    const openMinutes = (day: string): number =>
      Array.from({ length: 360 }, (_, minute) => parseInstant(day, 'UTC') + BigInt(minute) * 60_000_000n).filter((now) =>
        isInWindow([sunday], 'Europe/Berlin', now),
      ).length;
    expect(openMinutes('2026-10-24T22:00:00Z')).toBe(120);
    expect(openMinutes('2026-03-28T22:00:00Z')).toBe(0);
  });
});
