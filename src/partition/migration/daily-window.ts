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
  return windows.length === 0 || openWindows(windows, zone, now).length > 0;
}

/** When the window that is open at `now` closes, by the zone's wall clock: `06:00`; of several the last one. Null when none is open, or none is asked for. */
export function openUntil(windows: readonly DailyWindow[], zone: string, now: EpochMicros): string | null {
  const ends = openWindows(windows, zone, now).map(({ fromMinute, toMinute, minute }) => {
    const isOverMidnight = toMinute <= fromMinute && minute >= fromMinute;
    return { toMinute, left: toMinute - minute + (isOverMidnight ? 1440 : 0) };
  });
  const [last] = ends.toSorted((a, b) => b.left - a.left);
  if (last === undefined) return null;
  const [hour, minute] = [Math.floor(last.toMinute / 60) % 24, last.toMinute % 60];
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}

function openWindows(
  windows: readonly DailyWindow[],
  zone: string,
  now: EpochMicros,
): readonly (DailyWindow & { readonly minute: number })[] {
  if (windows.length === 0) return [];
  const wall = wallClock(now, zone);
  const day = floorDivide(wall, microsPerDay);
  const minute = Number(floorDivide(wall - day * microsPerDay, microsPerMinute));
  const isOpen = ({ days, fromMinute, toMinute }: DailyWindow): boolean => {
    const isToday = days.includes(weekday(day));
    if (fromMinute < toMinute) return isToday && minute >= fromMinute && minute < toMinute;
    return (isToday && minute >= fromMinute) || (days.includes(weekday(day - 1n)) && minute < toMinute);
  };
  return windows.filter(isOpen).map((window) => ({ ...window, minute }));
}

/** 1 = Monday to 7; 1970-01-01 was a Thursday. */
function weekday(day: bigint): number {
  const sinceMonday = day + 3n;
  return Number(sinceMonday - floorDivide(sinceMonday, 7n) * 7n) + 1;
}
