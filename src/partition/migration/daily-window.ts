import { wallClock } from '../calendar.ts';
import { floorDivide, microsPerDay } from '../civil.ts';
import type { EpochMicros } from '../position.ts';
import type { DailyWindow } from './policy.ts';

const microsPerMinute = 60_000_000n;

/**
 * Whether one of the windows is open at `now`, as the zone's wall clock shows it; without windows always. A window over midnight belongs to the day
 * on which it opens. Minutes that the clock skips are simply not there, those that it shows twice are in the window twice. Pure, throws nothing.
 */
export function isInWindow(windows: readonly DailyWindow[], zone: string, now: EpochMicros): boolean {
  if (windows.length === 0) return true;
  const wall = wallClock(now, zone);
  const day = floorDivide(wall, microsPerDay);
  const minute = Number(floorDivide(wall - day * microsPerDay, microsPerMinute));
  return windows.some(({ days, fromMinute, toMinute }) => {
    const isToday = days.includes(weekday(day));
    if (fromMinute < toMinute) return isToday && minute >= fromMinute && minute < toMinute;
    return (isToday && minute >= fromMinute) || (days.includes(weekday(day - 1n)) && minute < toMinute);
  });
}

/** 1 = Monday to 7; 1970-01-01 was a Thursday. */
function weekday(day: bigint): number {
  const sinceMonday = day + 3n;
  return Number(sinceMonday - floorDivide(sinceMonday, 7n) * 7n) + 1;
}
