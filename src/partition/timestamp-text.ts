import { civilFromDays, daysFromCivil, daysInMonth, floorDivide, microsPerDay } from './civil.ts';
import type { EpochMicros } from './position.ts';

/**
 * Dates and timestamps as text: PostgreSQL's form under `DateStyle=ISO` (`0044-03-15 12:00:00+00 BC`) and ISO 8601
 * (`-000043-03-15T12:00:00Z`). Wall-clock and UTC micros are the same arithmetic here; zones are calendar.ts's business.
 * Source: postgresql.org/docs/18/datatype-datetime.html (DATETIME OUTPUT), `EncodeDateTime` in src/backend/utils/adt/datetime.c.
 */

const maxDays = 1e15;

/**
 * Micros of PostgreSQL's text for a timestamp. An offset is subtracted when there is one, so both timestamp types share this. Throws
 * `RangeError` when the text is none. `infinity` is not for here: its image depends on the type.
 */
export function parseTimestampText(text: string): EpochMicros {
  return parseFixedTimestamp(text) ?? parseAnyTimestamp(text);
}

/** Days since 1970-01-01 of PostgreSQL's text for a date (`2025-04-01`, `0044-03-15 BC`). Throws `RangeError` when the text is none. */
export function parseDateText(text: string): bigint {
  const match = /^(\d{4,7})-(\d\d)-(\d\d)( BC)?$/.exec(text);
  const days = match === null ? null : checkedDays(postgresYear(match[1], match[4]), Number(match[2]), Number(match[3]));
  if (days === null) throw new RangeError(`"${excerpt(text)}" is no date`);
  return BigInt(days);
}

/** PostgreSQL's text for micros without an offset; the caller puts `+00` between the two parts. */
export function formatTimestampText(micros: EpochMicros): { readonly text: string; readonly era: '' | ' BC' } {
  const { days, microsOfDay } = splitDay(micros);
  const date = postgresDate(days);
  return { text: `${date.text} ${timeOfDay(microsOfDay)}`, era: date.era };
}

/** PostgreSQL's text for a number of days since 1970-01-01. */
export function formatDateText(days: bigint): string {
  const { text, era } = postgresDate(Number(days));
  return text + era;
}

/** `2025-04-01T00:00:00`, without an offset; a fraction only when there is one; `+010000-...` and `-000001-...` beyond four digits. */
export function formatIsoDateTime(micros: EpochMicros): string {
  const { days, microsOfDay } = splitDay(micros);
  return `${isoDate(days)}T${timeOfDay(microsOfDay)}`;
}

/** `2025-04-01`, with the same expanded years. */
export function formatIsoDate(days: bigint): string {
  return isoDate(Number(days));
}

/**
 * Parses ISO 8601 as people write it: a date, or date and time to the microsecond, with or without an offset; `T` or a blank between.
 * `offsetMicros` is null when none is given, `hasTime` false for a date alone. Null when the text is something else.
 */
export function parseIsoDateTime(
  text: string,
): { readonly wall: EpochMicros; readonly hasTime: boolean; readonly offsetMicros: bigint | null } | null {
  const match =
    /^(\d{4}|[+-]\d{6,7})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,6})\d*)?)?( ?[Zz]|[+-]\d\d(?::?\d\d)?)?)?$/.exec(
      text.trim(),
    );
  if (match === null) return null;
  const days = checkedDays(Number(match[1]), Number(match[2]), Number(match[3]));
  const time = checkedTime(match[4], match[5], match[6], match[7]);
  const offsetMicros = checkedOffset(match[8]?.trim());
  if (days === null || time === null || offsetMicros === undefined) return null;
  return { wall: BigInt(days) * microsPerDay + time, hasTime: match[4] !== undefined, offsetMicros };
}

/** The calendar day that holds `micros`, and how far into it that is. Days beyond 1e15 (2.7 million million years) stop there. */
export function splitDay(micros: EpochMicros): { readonly days: number; readonly microsOfDay: bigint } {
  const days = floorDivide(micros, microsPerDay);
  return { days: Math.max(-maxDays, Math.min(maxDays, Number(days))), microsOfDay: micros - days * microsPerDay };
}

/** `2025-04-01 00:00:00` with an optional `+00`: the form of almost every bound, read without a regular expression or garbage. */
function parseFixedTimestamp(text: string): EpochMicros | null {
  if (!hasFixedForm(text)) return null;
  const days = checkedDays(twoDigits(text, 0) * 100 + twoDigits(text, 2), twoDigits(text, 5), twoDigits(text, 8));
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  if (days === null || !(hour < 24 && minute < 60 && second < 60)) return null;
  // Exact beyond 2^53 too: up to the year 9999 the product is 64 times a whole number below 2^53.
  return BigInt((days * 86_400 + hour * 3600 + minute * 60 + second) * 1_000_000);
}

/** The year 0000 is left to the slow path, which refuses it. Character codes: `+` 43, `-` 45, `:` 58. */
function hasFixedForm(text: string): boolean {
  if (text.length !== 19 && !(text.length === 22 && text.charCodeAt(19) === 43 && twoDigits(text, 20) === 0)) return false;
  const hasDate = text.charCodeAt(4) === 45 && text.charCodeAt(7) === 45 && text.charCodeAt(10) === 32;
  return hasDate && text.charCodeAt(13) === 58 && text.charCodeAt(16) === 58 && !text.startsWith('0000');
}

/** NaN when one of the two characters is no digit, which every later comparison then refuses. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function parseAnyTimestamp(text: string): EpochMicros {
  const match = /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-]\d\d(?::\d\d){0,2})?( BC)?$/.exec(text);
  if (match !== null) {
    const days = checkedDays(postgresYear(match[1], match[9]), Number(match[2]), Number(match[3]));
    const time = checkedTime(match[4], match[5], match[6], match[7]);
    const offsetMicros = checkedOffset(match[8]);
    if (days !== null && time !== null && offsetMicros !== undefined) {
      return BigInt(days) * microsPerDay + time - (offsetMicros ?? 0n);
    }
  }
  throw new RangeError(`"${excerpt(text)}" is no timestamp`);
}

/** PostgreSQL has no year 0: 1 BC is the astronomical year 0. NaN for year 0, which no date survives. */
function postgresYear(digits: string | undefined, era: string | undefined): number {
  const year = Number(digits);
  if (year === 0) return Number.NaN;
  return era === undefined ? year : 1 - year;
}

function checkedDays(year: number, month: number, day: number): number | null {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)) || Number.isNaN(year)) return null;
  return daysFromCivil(year, month, day);
}

function checkedTime(hour = '0', minute = '0', second = '0', fraction = ''): bigint | null {
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  if (h > 23 || m > 59 || s > 59) return null;
  return BigInt(h * 3600 + m * 60 + s) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}

/** Null for no offset at all, undefined for an impossible one. PostgreSQL prints seconds for local mean times. */
function checkedOffset(text: string | undefined): bigint | null | undefined {
  if (text === undefined) return null;
  if (text === 'Z' || text === 'z') return 0n;
  const digits = text.slice(1).replaceAll(':', '').padEnd(6, '0');
  const magnitude = checkedTime(digits.slice(0, 2), digits.slice(2, 4), digits.slice(4));
  if (magnitude === null) return undefined;
  return text.startsWith('-') ? -magnitude : magnitude;
}

function postgresDate(days: number): { readonly text: string; readonly era: '' | ' BC' } {
  const { year, month, day } = civilFromDays(days);
  const text = `${padded(year > 0 ? year : 1 - year, 4)}-${padded(month, 2)}-${padded(day, 2)}`;
  return { text, era: year > 0 ? '' : ' BC' };
}

function isoDate(days: number): string {
  const { year, month, day } = civilFromDays(days);
  const expanded = year >= 0 && year <= 9999 ? padded(year, 4) : `${year < 0 ? '-' : '+'}${padded(Math.abs(year), 6)}`;
  return `${expanded}-${padded(month, 2)}-${padded(day, 2)}`;
}

function timeOfDay(microsOfDay: bigint): string {
  const seconds = Number(microsOfDay / 1_000_000n);
  const micros = Number(microsOfDay % 1_000_000n);
  const fraction = micros === 0 ? '' : `.${padded(micros, 6).replace(/0+$/, '')}`;
  return `${padded(Math.floor(seconds / 3600), 2)}:${padded(Math.floor(seconds / 60) % 60, 2)}:${padded(seconds % 60, 2)}${fraction}`;
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** Keeps messages short whatever the catalog holds. */
function excerpt(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
