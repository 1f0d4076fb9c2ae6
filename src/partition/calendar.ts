import { Temporal } from 'temporal-polyfill';
import { civilFromDays, daysFromCivil, daysInMonth, floorDivide, isoWeek, microsPerDay } from './civil.ts';
import type { CalendarInterval, Span } from './interval.ts';
import type { EpochMicros } from './position.ts';
import { formatIsoDateTime, parseIsoDateTime, splitDay } from './timestamp-text.ts';

/**
 * Where the calendar of a time zone cuts time, and calendar arithmetic in zones. The only file that knows the calendar library; what zones
 * do comes from it, the arithmetic of days and months is civil.ts's. All functions take and give whole microseconds, for any instant
 * that PostgreSQL can hold. Boundaries are strictly increasing: a local day that a zone skips (Pacific/Apia, 2011-12-30) has none of its own.
 */

export interface CalendarFields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** 1 to 4. */
  readonly quarter: number;
  readonly isoYear: number;
  /** 1 to 53. */
  readonly isoWeek: number;
}

type CalendarSpan = Extract<Span, { kind: 'calendar' }>;

const microsPerMinute = 60_000_000n;
/** Zone rules repeat with the Gregorian calendar, every 400 years; instants the library cannot hold are looked up some cycles nearer. */
const microsPerCycle = 146_097n * microsPerDay;
const libraryLimit = 8_000_000_000_000_000_000n;
const utcNames: ReadonlySet<string> = new Set(['UTC', 'Etc/UTC', 'GMT', 'Etc/GMT', 'Zulu', 'Etc/Zulu', 'UCT', 'Etc/UCT', 'Universal']);

/**
 * The greatest boundary at or before `t`. Days, weeks, months and years start with the first instant of their first local day. Sub-day
 * intervals that divide the day: every instant whose wall clock shows a whole multiple of the interval, and every start of a local day (a
 * repeated hour has its boundaries twice, a skipped one none). Other sub-day intervals are bins of elapsed time since 1970 UTC.
 * Source: date_trunc and date_bin in postgresql.org/docs/18/functions-datetime.html; where midnight itself is repeated, date_trunc takes
 * its second occurrence (and may so answer later than it was asked about), this function the first.
 */
export function calendarFloor(interval: CalendarInterval, zone: string, t: EpochMicros): EpochMicros {
  const minutes = subDayMinutes(interval);
  if (minutes === null) return periodFloor(interval, zone, t);
  const width = BigInt(minutes) * microsPerMinute;
  return 1440 % minutes === 0 ? wallFloor(width, zone, t) : floorDivide(t, width) * width;
}

/** The smallest boundary after `t`; see `calendarFloor`. */
export function calendarNext(interval: CalendarInterval, zone: string, t: EpochMicros): EpochMicros {
  const minutes = subDayMinutes(interval);
  if (minutes === null) return periodNext(interval, zone, t);
  const width = BigInt(minutes) * microsPerMinute;
  return 1440 % minutes === 0 ? wallNext(width, zone, t) : (floorDivide(t, width) + 1n) * width;
}

/**
 * `t` plus (`sign` 1) or minus (-1) a span: first its months (the day of the month is cut to the month's length), then its days, both on the
 * zone's wall clock, then its micros as elapsed time, as PostgreSQL adds intervals.
 */
export function addSpan(t: EpochMicros, span: CalendarSpan, zone: string, sign: 1 | -1): EpochMicros {
  const micros = BigInt(sign) * span.micros;
  if (span.months === 0 && span.days === 0) return t + micros;
  const { days, microsOfDay } = splitDay(wallClock(t, zone));
  const date = civilFromDays(days);
  const monthIndex = date.year * 12 + date.month - 1 + sign * span.months;
  const year = Math.floor(monthIndex / 12);
  const month = monthIndex - year * 12 + 1;
  const day = daysFromCivil(year, month, Math.min(date.day, daysInMonth(year, month))) + sign * span.days;
  return instantOfWall(BigInt(day) * microsPerDay + microsOfDay, zone) + micros;
}

/** What the zone's wall clock shows at an instant, as micros since 1970-01-01T00:00 on that clock. */
export function wallClock(instant: EpochMicros, zone: string): EpochMicros {
  return instant + offsetAt(instant, zone);
}

/**
 * The instant at which the zone's wall clock shows `wall`: the earlier one when it shows it twice, and as far behind the gap as `wall`
 * is in it when the clock skips it (RFC 5545, Temporal's "compatible").
 */
export function instantOfWall(wall: EpochMicros, zone: string): EpochMicros {
  return wallToInstant(wall, zone, (plain) => plain.toZonedDateTime(zone));
}

/** The calendar fields of an instant in a zone. */
export function calendarFields(t: EpochMicros, zone: string): CalendarFields {
  const { days, microsOfDay } = splitDay(wallClock(t, zone));
  const { year, month, day } = civilFromDays(days);
  const minuteOfDay = Number(microsOfDay / microsPerMinute);
  const quarter = Math.ceil(month / 3);
  return { year, month, day, hour: Math.floor(minuteOfDay / 60), minute: minuteOfDay % 60, quarter, ...isoWeek(days) };
}

/**
 * Micros of `2025-04-01`, `2025-04-01T10:00`, `2025-04-01 10:00:00.5+02:00`, `+010000-01-01T00:00:00Z`. Without an offset the zone's
 * wall clock is meant, a date alone is the start of that day. Throws `RangeError` with a sentence that shows the form.
 */
export function parseInstant(text: string, zone: string): EpochMicros {
  const parsed = parseIsoDateTime(text);
  if (parsed === null) throw new RangeError(`"${text}" is no date or time; write it like 2025-04-01 or 2025-04-01T00:00:00Z`);
  if (parsed.offsetMicros !== null) return parsed.wall - parsed.offsetMicros;
  return parsed.hasTime ? instantOfWall(parsed.wall, zone) : startOfDay(parsed.wall, zone);
}

/** `2025-04-01T00:00:00Z`; a fraction only when there is one, up to six digits; years before 0 and after 9999 as ISO 8601 expands them. */
export function formatInstant(t: EpochMicros): string {
  return `${formatIsoDateTime(t)}Z`;
}

/** Whether `text` is an IANA zone name that this platform knows. Bare offsets are not: PostgreSQL reads their sign the other way round. */
export function isTimezone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    return zoned(0n, text).timeZoneId !== '';
  } catch {
    return false;
  }
}

function subDayMinutes(interval: CalendarInterval): number | null {
  if (interval.unit === 'minute') return interval.count;
  return interval.unit === 'hour' ? interval.count * 60 : null;
}

function periodFloor(interval: CalendarInterval, zone: string, t: EpochMicros): EpochMicros {
  const period = periodOf(interval);
  // One ahead of the wall clock's own period: a clock set back over midnight shows the old day again after the new one has begun.
  let index = period.indexOf(splitDay(wallClock(t, zone)).days) + 1;
  let boundary = startOfDay(period.startOf(index), zone);
  while (boundary > t) boundary = startOfDay(period.startOf(--index), zone);
  return boundary;
}

function periodNext(interval: CalendarInterval, zone: string, t: EpochMicros): EpochMicros {
  const period = periodOf(interval);
  let index = period.indexOf(splitDay(wallClock(t, zone)).days) + 1;
  let boundary = startOfDay(period.startOf(index), zone);
  while (boundary <= t) boundary = startOfDay(period.startOf(++index), zone);
  return boundary;
}

interface Period {
  /** Number of the period that holds a day since 1970-01-01. */
  indexOf(day: number): number;
  /** First midnight of a period as wall-clock micros. */
  startOf(index: number): EpochMicros;
}

function periodOf(interval: CalendarInterval): Period {
  const { count, unit } = interval;
  // 1970-01-05 was a Monday.
  if (unit === 'day') return dayPeriod(count, 0);
  if (unit === 'week') return dayPeriod(count * 7, 4);
  return monthPeriod(unit === 'year' ? count * 12 : unit === 'quarter' ? count * 3 : count);
}

function dayPeriod(days: number, anchor: number): Period {
  return {
    indexOf: (day) => Math.floor((day - anchor) / days),
    startOf: (index) => BigInt(anchor + index * days) * microsPerDay,
  };
}

function monthPeriod(months: number): Period {
  return {
    indexOf: (day) => {
      const { year, month } = civilFromDays(day);
      return Math.floor((year * 12 + month - 1) / months);
    },
    startOf: (index) => {
      const year = Math.floor((index * months) / 12);
      return BigInt(daysFromCivil(year, index * months - year * 12 + 1, 1)) * microsPerDay;
    },
  };
}

function wallFloor(width: bigint, zone: string, t: EpochMicros): EpochMicros {
  const offset = offsetAt(t, zone);
  const wall = t + offset;
  const candidate = t - (wall - floorDivide(wall, width) * width);
  if (offsetAt(candidate, zone) === offset) return candidate;
  const transition = transitionBetween(candidate, t, zone);
  return isStartOfDay(transition, zone) ? transition : wallFloor(width, zone, transition - 1n);
}

function wallNext(width: bigint, zone: string, t: EpochMicros): EpochMicros {
  const offset = offsetAt(t, zone);
  const wall = t + offset;
  const candidate = t + ((floorDivide(wall, width) + 1n) * width - wall);
  if (offsetAt(candidate, zone) === offset) return candidate;
  const transition = transitionBetween(t, candidate, zone);
  const isBoundary = wallClock(transition, zone) % width === 0n || isStartOfDay(transition, zone);
  return isBoundary ? transition : wallNext(width, zone, transition);
}

function isStartOfDay(t: EpochMicros, zone: string): boolean {
  return startOfDay(wallClock(t, zone), zone) === t;
}

/** First instant of the local day of `wall`. */
function startOfDay(wall: EpochMicros, zone: string): EpochMicros {
  const midnight = floorDivide(wall, microsPerDay) * microsPerDay;
  return wallToInstant(midnight, zone, (plain) => plain.toPlainDate().toZonedDateTime(zone));
}

function offsetAt(t: EpochMicros, zone: string): bigint {
  return utcNames.has(zone) ? 0n : BigInt(zoned(t - cyclesOf(t), zone).offsetNanoseconds / 1000);
}

/**
 * The instant in (`low`, `high`] at which the zone changes its offset; the two differ there, and zones do not change twice a day. Halving
 * takes 0.4 ms; the library's own search took up to 19 ms where the nearest change is decades away.
 */
function transitionBetween(low: EpochMicros, high: EpochMicros, zone: string): EpochMicros {
  const offset = offsetAt(low, zone);
  let [before, after] = [low, high];
  while (after - before > 1n) {
    const middle = (before + after) / 2n;
    if (offsetAt(middle, zone) === offset) before = middle;
    else after = middle;
  }
  return after;
}

function wallToInstant(wall: EpochMicros, zone: string, resolve: (plain: Temporal.PlainDateTime) => Temporal.ZonedDateTime): EpochMicros {
  if (utcNames.has(zone)) return wall;
  const cycles = cyclesOf(wall);
  return resolve(zoned(wall - cycles, 'UTC').toPlainDateTime()).epochNanoseconds / 1000n + cycles;
}

function cyclesOf(t: EpochMicros): bigint {
  if (t > libraryLimit) return ((t - libraryLimit) / microsPerCycle + 1n) * microsPerCycle;
  if (t < -libraryLimit) return ((t + libraryLimit) / microsPerCycle - 1n) * microsPerCycle;
  return 0n;
}

function zoned(t: EpochMicros, zone: string): Temporal.ZonedDateTime {
  return new Temporal.ZonedDateTime(t * 1000n, zone);
}
