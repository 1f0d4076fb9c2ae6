import { type CalendarFields, calendarFields, wallClock } from './calendar.ts';
import { byteLength, cutToBytes, maxIdentifierBytes } from './identifier.ts';
import type { KeyCodec } from './key.ts';
import { type NameToken, parseTemplate } from './name-template.ts';
import { type Edge, isPosition, MINVALUE, type Range } from './position.ts';
import { formatIsoDateTime } from './timestamp-text.ts';

export { checkTemplate, defaultTemplate } from './name-template.ts';

/**
 * Names are labels for people: nothing is ever read back from them. They are at most 63 bytes long; what does not fit is cut off the table's
 * name, so that the part which tells partitions apart stays whole.
 */

/**
 * The name of the partition with `range`, from a template that `checkTemplate` accepts. Calendar tokens show the lower bound (or what lies
 * just below the upper one, when the lower is MINVALUE) in the codec's calendar zone. `ordinal` above 1 is appended as `_2`, for names that
 * are taken. Throws nothing.
 */
export function partitionName(template: string, tableName: string, codec: KeyCodec, range: Range, ordinal = 1): string {
  const parts = parseTemplate(template);
  const fields = lazily(() => startFields(codec, range));
  const texts = parts.map((part) => {
    if (part.kind !== 'token') return part.text;
    if (part.token === 'table') return null;
    return part.token === 'from' || part.token === 'to' ? edgeText(range[part.token], codec) : fieldText(part.token, fields());
  });
  if (ordinal > 1) texts.push(`_${ordinal}`);
  const tables = texts.filter((text) => text === null).length;
  const rest = texts.reduce((sum, text) => sum + (text === null ? 0 : byteLength(text)), 0);
  const table = cutToBytes(tableName, Math.max(0, Math.floor((maxIdentifierBytes - rest) / Math.max(tables, 1))));
  return cutToBytes(texts.map((text) => text ?? table).join(''), maxIdentifierBytes);
}

/** `{table}_default`, the table part cut to fit. */
export function defaultPartitionName(tableName: string): string {
  const suffix = '_default';
  return cutToBytes(tableName, maxIdentifierBytes - suffix.length) + suffix;
}

/** `name` when it is free, else `name_2`, `name_3`, ...; cut before that suffix to fit. Prefer `freePartitionName`, which keeps dates whole. */
export function nextFreeName(name: string, isTaken: (name: string) => boolean): string {
  return firstFree((ordinal) => {
    const suffix = ordinal === 1 ? '' : `_${ordinal}`;
    return cutToBytes(name, maxIdentifierBytes - suffix.length) + suffix;
  }, isTaken);
}

/** The first of `partitionName(...)`, the same with `_2`, `_3`, ... that is not taken; only the table part is ever cut. */
export function freePartitionName(
  template: string,
  tableName: string,
  codec: KeyCodec,
  range: Range,
  isTaken: (name: string) => boolean,
): string {
  return firstFree((ordinal) => partitionName(template, tableName, codec, range, ordinal), isTaken);
}

function firstFree(nameOf: (ordinal: number) => string, isTaken: (name: string) => boolean): string {
  let ordinal = 1;
  let name = nameOf(ordinal);
  while (isTaken(name)) name = nameOf(++ordinal);
  return name;
}

function startFields(codec: KeyCodec, range: Range): CalendarFields {
  return calendarFields(codec.toCalendar(startPosition(range)), codec.calendarZone);
}

function startPosition(range: Range): bigint {
  if (isPosition(range.from)) return range.from;
  return isPosition(range.to) ? range.to - 1n : 0n;
}

function fieldText(token: Exclude<NameToken, 'table' | 'from' | 'to'>, fields: CalendarFields): string {
  switch (token) {
    case 'yyyy':
      return yearText(fields.year);
    case 'yy':
      return twoDigits(((fields.year % 100) + 100) % 100);
    case 'mm':
      return twoDigits(fields.month);
    case 'dd':
      return twoDigits(fields.day);
    case 'hh':
      return twoDigits(fields.hour);
    case 'mi':
      return twoDigits(fields.minute);
    case 'gggg':
      return yearText(fields.isoYear);
    case 'ww':
      return twoDigits(fields.isoWeek);
    case 'q':
      return String(fields.quarter);
  }
}

/** Whole numbers as they are (`m5` for -5, `1_50` for 1.50), time as `20250401` or `20250401_093000`, so that names need no quotes. */
function edgeText(edge: Edge, codec: KeyCodec): string {
  if (!isPosition(edge)) return edge === MINVALUE ? 'minvalue' : 'maxvalue';
  if (codec.axis === 'integer') return codec.display(edge).replace('-', 'm').replace('.', '_');
  const [date = '', time = ''] = formatIsoDateTime(wallClock(codec.toCalendar(edge), codec.calendarZone)).split('T');
  const digits = date.replace('+', '').replace(/^-/, 'm').replaceAll('-', '');
  return time === '00:00:00' ? digits : `${digits}_${time.replaceAll(/[:.]/g, '')}`;
}

/** Four digits; `0044bc` for the astronomical year -43. */
function yearText(year: number): string {
  return year > 0 ? String(year).padStart(4, '0') : `${String(1 - year).padStart(4, '0')}bc`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
