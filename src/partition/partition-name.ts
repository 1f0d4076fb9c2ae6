import { type CalendarFields, calendarFields, wallClock } from './calendar.ts';
import { byteLength, cutToBytes, maxIdentifierBytes } from './identifier.ts';
import type { KeyCodec } from './key.ts';
import { type NameToken, parseTemplate } from './name-template.ts';
import { type Edge, isPosition, MINVALUE, type Range } from './position.ts';
import { formatIsoDateTime } from './timestamp-text.ts';

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
  const suffix = ordinal > 1 ? `_${ordinal}` : '';
  const budget = maxIdentifierBytes - suffix.length;
  const tables = texts.filter((text) => text === null).length;
  const rest = texts.reduce((sum, text) => sum + (text === null ? 0 : byteLength(text)), 0);
  const table = cutToBytes(tableName, Math.floor(Math.max(0, budget - rest) / Math.max(tables, 1)));
  // A number of forty digits can outgrow what checkTemplate expects; the suffix stays even then, or no name would ever be free.
  return cutToBytes(texts.map((text) => text ?? table).join(''), budget) + suffix;
}

/** `{table}_default`, the table part cut to fit. */
export function defaultPartitionName(tableName: string): string {
  const suffix = '_default';
  return cutToBytes(tableName, maxIdentifierBytes - suffix.length) + suffix;
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
