import { formatInstant } from '../calendar.ts';
import { ceilDivide, floorDivide } from '../civil.ts';
import type { KeyCodec, KeyColumn } from '../key.ts';
import { type Edge, MAXVALUE, MINVALUE, type Position } from '../position.ts';
import { checkWithin, displayEdge } from './limits.ts';

/** How the text of a number and its image belong together: the image is the number times 10^scale, and nothing may be lost. */
export interface NumberText {
  readonly type: string;
  readonly scale: number;
  readonly min: Position;
  readonly max: Position;
}

/** Where the instants of a number lie: micros = image x numerator / denominator, rounded down. */
interface Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const bits: ReadonlyMap<string, bigint> = new Map([
  ['smallint', 15n],
  ['integer', 31n],
  ['bigint', 63n],
]);
/** More digits than `numeric` has before its point (131072) would not help anybody; it only keeps `min` and `max` finite. */
const numericLimit = 10n ** 1000n;
/** 300 thousand million years: calendar arithmetic stays exact, and greater numbers all count as that time. */
const calendarLimit = 10n ** 25n;

/** The text of `smallint`, `integer`, `bigint` and `numeric`; null for other types. `numeric` without a scale is taken for whole numbers. */
export function numberText(column: KeyColumn): NumberText | null {
  const { type } = column;
  if (type === 'numeric') return { type, scale: column.scale ?? 0, min: -numericLimit, max: numericLimit };
  const width = bits.get(type);
  return width === undefined ? null : { type, scale: 0, min: -(2n ** width), max: 2n ** width - 1n };
}

/** A number that counts things; it has no calendar, so the calendar's methods throw `TypeError`: only a bug calls them. */
export function integerCodec(number: NumberText): KeyCodec {
  return {
    axis: 'integer',
    calendarZone: 'UTC',
    min: number.min,
    max: number.max,
    parse: (text) => parseNumber(text, number),
    format: (position) => formatNumber(position, number),
    display: (edge) => displayEdge(edge, (position) => formatNumber(position, number)),
    fromCalendar: noCalendar,
    toCalendar: noCalendar,
    positionOf: noCalendar,
    instantOf: noCalendar,
  };
}

function noCalendar(): never {
  throw new TypeError('an integer key has no calendar');
}

/** A number that counts `unitsPerSecond` since 1970 UTC. */
export function epochCodec(number: NumberText, unitsPerSecond: bigint, timezone: string): KeyCodec {
  const ratio: Ratio = { numerator: 1_000_000n, denominator: unitsPerSecond * 10n ** BigInt(number.scale) };
  const toMicros = (position: Position): bigint => clampMicros(floorDivide(position * ratio.numerator, ratio.denominator));
  return timeCodec(number, timezone, {
    toMicros,
    firstAt: (micros) => ceilDivide(micros * ratio.denominator, ratio.numerator),
    lastAt: (micros) => floorDivide(micros * ratio.denominator, ratio.numerator),
  });
}

/** A Snowflake: milliseconds since `epochMs` above `shift` bits of machine and sequence numbers. */
export function snowflakeCodec(number: NumberText, epochMs: bigint, shift: number, timezone: string): KeyCodec {
  const low = BigInt(shift);
  return timeCodec(number, timezone, {
    toMicros: (position) => clampMicros(((position >> low) + epochMs) * 1000n),
    firstAt: (micros) => (ceilDivide(micros, 1000n) - epochMs) << low,
    lastAt: (micros) => (floorDivide(micros, 1000n) - epochMs) << low,
  });
}

interface Clockwork {
  readonly toMicros: (position: Position) => bigint;
  /** Smallest position whose time is at or after `micros`. */
  readonly firstAt: (micros: bigint) => Position;
  /** Smallest position of the key's own tick that holds `micros`. */
  readonly lastAt: (micros: bigint) => Position;
}

function timeCodec(number: NumberText, timezone: string, clockwork: Clockwork): KeyCodec {
  return {
    axis: 'time',
    calendarZone: timezone,
    min: number.min,
    max: number.max,
    parse: (text) => parseNumber(text, number),
    format: (position) => {
      checkWithin(position, number.min, number.max, formatInstant(clockwork.toMicros(position)), number.type);
      return formatNumber(position, number);
    },
    display: (edge) => displayEdge(edge, (position) => formatInstant(clockwork.toMicros(position))),
    fromCalendar: clockwork.firstAt,
    toCalendar: clockwork.toMicros,
    positionOf: clockwork.lastAt,
    instantOf: clockwork.toMicros,
  };
}

function clampMicros(micros: bigint): bigint {
  if (micros > calendarLimit) return calendarLimit;
  return micros < -calendarLimit ? -calendarLimit : micros;
}

function parseNumber(text: string, number: NumberText): Edge {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return parseSpecial(text, number);
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > number.scale) {
    throw new RangeError(
      `${text} has more than the ${number.scale} digits after the point that partitiond counts in a key of type ${number.type}`,
    );
  }
  const magnitude = BigInt(String(match[2]) + fraction.padEnd(number.scale, '0'));
  const position = match[1] === '-' ? -magnitude : magnitude;
  checkWithin(position, number.min, number.max, text, number.type);
  return position;
}

/**
 * `numeric` knows infinities since PostgreSQL 14, and NaN sorts above all of them; for bounds they are MINVALUE and MAXVALUE in all but name.
 */
function parseSpecial(text: string, number: NumberText): Edge {
  if (number.type === 'numeric' && (text === 'Infinity' || text === 'NaN')) return MAXVALUE;
  if (number.type === 'numeric' && text === '-Infinity') return MINVALUE;
  throw new RangeError(`"${text.slice(0, 60)}" is no value of a key of type ${number.type}`);
}

function formatNumber(position: Position, number: NumberText): string {
  checkWithin(position, number.min, number.max, String(position), number.type);
  if (number.scale === 0) return String(position);
  const digits = String(position < 0n ? -position : position).padStart(number.scale + 1, '0');
  return `${position < 0n ? '-' : ''}${digits.slice(0, -number.scale)}.${digits.slice(-number.scale)}`;
}
