import { instantOfWall, wallClock } from '../calendar.ts';
import { ceilDivide, floorDivide, microsPerDay } from '../civil.ts';
import type { KeyCodec } from '../key.ts';
import type { EpochMicros, Position } from '../position.ts';
import {
  formatDateText,
  formatIsoDate,
  formatIsoDateTime,
  formatTimestampText,
  parseDateText,
  parseTimestampText,
} from '../timestamp-text.ts';
import { checkWithin, displayEdge } from './limits.ts';

/**
 * PostgreSQL counts timestamps in int64 microseconds and dates in int32 days since 2000-01-01, and gives the extremes to the two infinities.
 * The image is that number moved to 1970, so the infinities keep their places beyond every finite value (int64 itself would not do:
 * micros of the year 294276 counted from 1970 are greater than its maximum). Source: src/include/datatype/timestamp.h.
 */
const microsTo2000 = 946_684_800_000_000n;
const timestampEnd = 2n ** 63n - 1n + microsTo2000;
const timestampStart = -(2n ** 63n) + microsTo2000;
const daysTo2000 = 10_957n;
const dateEnd = 2n ** 31n - 1n + daysTo2000;
const dateStart = -(2n ** 31n) + daysTo2000;

/** Greatest and smallest finite values: 294276-12-31 23:59:59.999999 and 5874897-12-31, both from 4714-11-24 BC. */
const lastTimestamp = 9_224_318_015_999_999_999n;
const firstTimestamp = -210_866_803_200_000_000n;
const lastDate = 2_145_042_905n;
const firstDate = -2_440_588n;

/** `timestamp with time zone`: positions are instants, cut by the calendar of `timezone`. */
export function timestamptzCodec(timezone: string): KeyCodec {
  return {
    axis: 'time',
    calendarZone: timezone,
    min: firstTimestamp,
    max: lastTimestamp,
    parse: (text) => parseInfinity(text, timestampStart, timestampEnd) ?? parseTimestampText(text),
    format: (position) =>
      formatInfinity(position, timestampStart, timestampEnd) ?? formatTimestamp(position, '+00', 'timestamp with time zone'),
    display: (edge) =>
      displayEdge(edge, (position) => formatInfinity(position, timestampStart, timestampEnd) ?? `${formatIsoDateTime(position)}Z`),
    fromCalendar: (micros) => micros,
    toCalendar: (position) => position,
    positionOf: (instant) => instant,
    instantOf: (position) => position,
  };
}

/** `timestamp without time zone`: positions are wall-clock micros of `timezone`; its days have no zone and are all 24 hours long. */
export function timestampCodec(timezone: string): KeyCodec {
  return {
    axis: 'time',
    calendarZone: 'UTC',
    min: firstTimestamp,
    max: lastTimestamp,
    parse: (text) => parseInfinity(text, timestampStart, timestampEnd) ?? parseTimestampText(text),
    format: (position) =>
      formatInfinity(position, timestampStart, timestampEnd) ?? formatTimestamp(position, '', 'timestamp without time zone'),
    display: (edge) =>
      displayEdge(edge, (position) => formatInfinity(position, timestampStart, timestampEnd) ?? formatIsoDateTime(position)),
    fromCalendar: (micros) => micros,
    toCalendar: (position) => position,
    positionOf: (instant) => wallClock(instant, timezone),
    instantOf: (position) => instantOfWall(position, timezone),
  };
}

/** `date`: positions are days since 1970-01-01; the day of an instant is the one that the clocks of `timezone` show. */
export function dateCodec(timezone: string): KeyCodec {
  return {
    axis: 'time',
    calendarZone: 'UTC',
    min: firstDate,
    max: lastDate,
    parse: (text) => parseInfinity(text, dateStart, dateEnd) ?? parseDateText(text),
    format: (position) => formatInfinity(position, dateStart, dateEnd) ?? formatDate(position),
    display: (edge) => displayEdge(edge, (position) => formatInfinity(position, dateStart, dateEnd) ?? formatIsoDate(position)),
    fromCalendar: (micros) => ceilDivide(micros, microsPerDay),
    toCalendar: (position) => position * microsPerDay,
    positionOf: (instant) => floorDivide(wallClock(instant, timezone), microsPerDay),
    instantOf: (position) => instantOfWall(position * microsPerDay, timezone),
  };
}

function formatTimestamp(micros: EpochMicros, offset: '' | '+00', type: string): string {
  checkWithin(micros, firstTimestamp, lastTimestamp, formatIsoDateTime(micros), type);
  const { text, era } = formatTimestampText(micros);
  return text + offset + era;
}

function formatDate(days: Position): string {
  checkWithin(days, firstDate, lastDate, formatIsoDate(days), 'date');
  return formatDateText(days);
}

function parseInfinity(text: string, start: Position, end: Position): Position | null {
  if (text === 'infinity') return end;
  return text === '-infinity' ? start : null;
}

function formatInfinity(position: Position, start: Position, end: Position): string | null {
  if (position === end) return 'infinity';
  return position === start ? '-infinity' : null;
}
