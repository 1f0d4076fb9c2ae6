import type { KeyEncoding } from './key-encoding.ts';
import type { Edge, EpochMicros, Position } from './position.ts';

/** The partition key column of a table, as the catalog describes it. */
export interface KeyColumn {
  readonly name: string;
  /** `format_type(atttypid, NULL)` without modifiers, for example `timestamp with time zone`, `bigint`, `uuid`, `text`. */
  readonly type: string;
  /** Digits after the point of `numeric(p, s)`; null when the type has none or is not numeric. */
  readonly scale: number | null;
  /** Collation of the key when it differs from the column's own, already quoted for SQL; else null. */
  readonly collation: string | null;
}

/**
 * Translates between column values, positions and time for one key column under one policy. All methods are pure.
 * Images: timestamptz and timestamp = microseconds since 1970 (infinity = PostgreSQL's own int64 extremes), date = days since 1970,
 * whole numbers and epoch-* = the number itself, numeric = number x 10^scale, uuid = 128-bit number, ULID = 130-bit number.
 */
export interface KeyCodec {
  readonly axis: 'time' | 'integer';
  /** Zone of the calendar that cuts this key: the policy's zone for instants, UTC for `timestamp` and `date`, whose days have no zone. */
  readonly calendarZone: string;
  /**
   * Position of a value as PostgreSQL prints it under `DateStyle=ISO`, `TimeZone=UTC` (no quotes around it).
   * Throws `RangeError` with a sentence when the text is no value of this key (a fraction in a whole-number key, a lower-case ULID).
   */
  parse(text: string): Edge;
  /** The value's text for SQL, without quotes; inverse of `parse` for every position. */
  format(position: Position): string;
  /** For people and JSON: `2025-04-01T00:00:00Z` for time keys (offset-less for `timestamp`/`date`), the value's text otherwise. */
  display(edge: Edge): string;
  /** Smallest position at or after the calendar time `micros` (see `calendarZone`; wall-clock micros for `timestamp`/`date`). Time axis. */
  fromCalendar(micros: EpochMicros): Position;
  /** Calendar time of a position, rounded down. Time axis only. */
  toCalendar(position: Position): EpochMicros;
  /** Position of an instant, for example of now: `fromCalendar` after the zone's wall clock where the type has no zone. Time axis only. */
  positionOf(instant: EpochMicros): Position;
  /** Instant of a position; the inverse of `positionOf` up to the key's resolution. Time axis only. */
  instantOf(position: Position): EpochMicros;
}

/** Why a key column cannot be managed under an encoding; a sentence that names the fix. */
export interface KeyProblem {
  readonly problem: string;
}

export type CreateKeyCodec = (column: KeyColumn, encoding: KeyEncoding, timezone: string) => KeyCodec | KeyProblem;
