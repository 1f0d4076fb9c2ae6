import cron from 'node-cron';
import { wallClock } from '../../partition/calendar.ts';
import type { MaintenanceWindow } from '../../partition/policy.ts';
import type { EpochMicros } from '../../partition/position.ts';

const secondsPerDay = 86_400;
const microsPerSecond = 1_000_000n;
/** Firings that touch make one window; beyond this there is no need to know where it ends, as whoever is at work asks again. */
const horizonSeconds = secondsPerDay;

/**
 * When the window that is open at `now` closes, in microseconds since 1970; null: it is closed. A window opens with each firing of its cron and
 * stays open for its duration as elapsed time, half-open; firings that come while it is open, or at its very end, prolong it. Where it would
 * close later than a day from now, a later call tells. A firing that the clock skips happens as far behind the gap as it would have been in it,
 * one that it shows twice happens twice. Throws nothing for a cron expression that the configuration accepts.
 */
export function windowEnd({ cron: expression, durationMs, timezone }: MaintenanceWindow, now: EpochMicros): EpochMicros | null {
  const durationSeconds = Math.ceil(durationMs / 1_000);
  const before = latestFirings(expression, timezone, durationSeconds);
  const at = Number(now / microsPerSecond);
  let firing = before(at);
  if (firing === null || firing + durationSeconds <= at) return null;
  for (;;) {
    const end = firing + durationSeconds;
    const last = before(end);
    if (last === null || last <= firing || end - at >= horizonSeconds) return BigInt(end) * microsPerSecond;
    firing = last;
  }
}

/**
 * Finds the latest firing at or before a second since 1970, as far back as `withinSeconds`; null: there is none. An instant whose clock matches
 * is a firing. Where the zone's offset changes in between, the time before the change and that after it are two clocks; the first one also
 * has what the second skips.
 */
export function latestFirings(expression: string, timezone: string, withinSeconds: number): (second: number) => number | null {
  const latest = matcher(expression);
  const offsetAt = (second: number): number => {
    const instant = BigInt(second) * microsPerSecond;
    return Number((wallClock(instant, timezone) - instant) / microsPerSecond);
  };
  return (second) => {
    const since = second - withinSeconds;
    const [first, last] = [offsetAt(since), offsetAt(second)];
    if (first === last) return shift(latest(second + last, since + last), -last);
    const change = firstAfter(since, second, (one) => offsetAt(one) !== first);
    const ends = Math.min(second + first, change + Math.max(first, last) - 1);
    const found = [shift(latest(second + last, change + last), -last), shift(latest(ends, since + first), -first)];
    const firings = found.filter((one) => one !== null);
    return firings.length === 0 ? null : Math.max(...firings);
  };
}

function shift(second: number | null, by: number): number | null {
  return second === null ? null : second + by;
}

/** The first of the numbers above `low` and up to `high` for which `isAfter` holds, as it does for `high`; it changes once. */
function firstAfter(low: number, high: number, isAfter: (value: number) => boolean): number {
  let [before, after] = [low, high];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (isAfter(middle)) after = middle;
    else before = middle;
  }
  return after;
}

/** The latest second of a wall clock at or before `last` that matches, and not before `first`; null: there is none. */
type LatestMatch = (last: number, first: number) => number | null;

/** Windows are asked about several times a second. */
const matchers = new Map<string, LatestMatch>();

function matcher(expression: string): LatestMatch {
  const known = matchers.get(expression);
  if (known !== undefined) return known;
  const made = newMatcher(expression);
  matchers.set(expression, made);
  return made;
}

/** Day of the month and day of the week must both match, as node-cron has it. */
function newMatcher(expression: string): LatestMatch {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek } = cron.parse(expression);
  const isOnDay = (day: number): boolean => {
    const date = new Date(day * secondsPerDay * 1_000);
    return dayOfMonth.includes(date.getUTCDate()) && month.includes(date.getUTCMonth() + 1) && dayOfWeek.includes(date.getUTCDay());
  };
  const [hours, minutes, seconds] = [hour, minute, second].map((values) => values.toSorted((a, b) => b - a));
  const inDay = (last: number): number | null => {
    for (const h of hours ?? []) {
      for (const m of minutes ?? []) {
        const start = h * 3_600 + m * 60;
        const s = start > last ? undefined : seconds?.find((one) => start + one <= last);
        if (s !== undefined) return start + s;
      }
    }
    return null;
  };
  return (last, first) => {
    for (let day = Math.floor(last / secondsPerDay); (day + 1) * secondsPerDay > first; day -= 1) {
      const found = isOnDay(day) ? inDay(Math.min(last - day * secondsPerDay, secondsPerDay - 1)) : null;
      if (found !== null) return day * secondsPerDay + found >= first ? day * secondsPerDay + found : null;
    }
    return null;
  };
}
