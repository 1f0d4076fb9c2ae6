import { formatInstant } from '../calendar.ts';
import { ceilDivide, floorDivide } from '../civil.ts';
import type { KeyCodec } from '../key.ts';
import type { EpochMicros, Position } from '../position.ts';
import { checkWithin, displayEdge } from './limits.ts';

/** Text of an identifier whose first 48 bits are milliseconds since 1970 and whose last 80 are whatever. */
interface IdText {
  readonly name: string;
  readonly parse: (text: string) => Position;
  /** `position` is 0 to 2^128 - 1. */
  readonly format: (position: Position) => string;
}

const lowBits = 80n;
const max = 2n ** 128n - 1n;
const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/**
 * `uuid` column with version 7 values: positions are the 128 bits, which sort like PostgreSQL's uuid. Bounds have zeros where real values have
 * version and variant, so a bound is at or below every value of its millisecond. Source: RFC 9562, section 5.7.
 */
export function uuidv7Codec(timezone: string): KeyCodec {
  return idCodec({ name: 'uuid', parse: parseUuid, format: formatUuid }, timezone);
}

/**
 * Text column with ULIDs, 26 upper-case letters of Crockford's base 32: positions are their 130 bits, of which the first two are zero. Digits
 * sort before letters in every collation that PostgreSQL offers, so text order is number order. Source: github.com/ulid/spec.
 */
export function ulidCodec(timezone: string): KeyCodec {
  return idCodec({ name: 'ULID', parse: parseUlid, format: formatUlid }, timezone);
}

function idCodec(text: IdText, timezone: string): KeyCodec {
  return {
    axis: 'time',
    calendarZone: timezone,
    min: 0n,
    max,
    parse: text.parse,
    format: (position) => {
      checkWithin(position, 0n, max, formatInstant(toCalendar(position)), text.name);
      return text.format(position);
    },
    display: (edge) => displayEdge(edge, (position) => formatInstant(toCalendar(position))),
    fromCalendar: (micros) => ceilDivide(micros, 1000n) << lowBits,
    toCalendar,
    positionOf: (instant) => floorDivide(instant, 1000n) << lowBits,
    instantOf: toCalendar,
  };
}

function toCalendar(position: Position): EpochMicros {
  return (position >> lowBits) * 1000n;
}

function parseUuid(text: string): Position {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) throw new RangeError(`"${text.slice(0, 60)}" is no uuid`);
  return BigInt(`0x${text.replaceAll('-', '')}`);
}

function formatUuid(position: Position): string {
  const hex = position.toString(16).padStart(32, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function parseUlid(text: string): Position {
  // A `character(30)` column pads with blanks, which do not count.
  const ulid = text.trimEnd();
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(ulid)) {
    throw new RangeError(`"${text.slice(0, 60)}" is no ULID: 26 upper-case letters of Crockford's base 32, the first at most 7`);
  }
  let position = 0n;
  // Five letters (25 bits) at a time: whole numbers below 2^53 are much cheaper to build than bigints.
  for (let start = 0; start < 26; start += 5) {
    const group = ulid.slice(start, start + 5);
    let value = 0;
    for (const letter of group) value = value * 32 + crockford.indexOf(letter);
    position = (position << BigInt(5 * group.length)) + BigInt(value);
  }
  return position;
}

function formatUlid(position: Position): string {
  let text = '';
  for (let rest = position, letters = 0; letters < 26; letters++) {
    text = crockford.charAt(Number(rest & 31n)) + text;
    rest >>= 5n;
  }
  return text;
}
