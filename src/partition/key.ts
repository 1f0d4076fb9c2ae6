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
 * Images: timestamptz and timestamp = microseconds since 1970, date = days since 1970 (infinities = PostgreSQL's own extremes, moved from its
 * epoch 2000 to 1970), whole numbers and epoch-* = the number itself, numeric = number x 10^scale, uuid = 128-bit number, ULID = 130-bit number.
 */
export interface KeyCodec {
  readonly axis: 'time' | 'integer';
  /** Zone of the calendar that cuts this key: the policy's zone for instants, UTC for `timestamp` and `date`, whose days have no zone. */
  readonly calendarZone: string;
  /**
   * Smallest and greatest finite position that the column's type can hold; `format` throws `RangeError` outside of them (except for the
   * type's own infinities). The arithmetic of positions goes on beyond: a grid has bounds there that no table can have.
   */
  readonly min: Position;
  readonly max: Position;
  /**
   * Position of a value as PostgreSQL prints it under `DateStyle=ISO`, `TimeZone=UTC` (no quotes around it).
   * Throws `RangeError` with a sentence when the text is no value of this key (a fraction in a whole-number key, a lower-case ULID).
   */
  parse(text: string): Edge;
  /**
   * The value's text for SQL, without quotes; inverse of `parse` for every position from `min` to `max`. Throws `RangeError` with a sentence
   * outside of them.
   */
  format(position: Position): string;
  /**
   * For people and JSON: `2025-04-01T00:00:00Z` for time keys (`2025-04-01T00:00:00` for `timestamp`, `2025-04-01` for `date`), `infinity` and
   * `-infinity` as they are, the value's text for integer keys, `MINVALUE` and `MAXVALUE`.
   */
  display(edge: Edge): string;
  /** Smallest position at or after the calendar time `micros` (see `calendarZone`; wall-clock micros for `timestamp`/`date`). Time axis. */
  fromCalendar(micros: EpochMicros): Position;
  /** Calendar time of a position, rounded down. Time axis only. */
  toCalendar(position: Position): EpochMicros;
  /**
   * Position of an instant, for example of now or of a cut-off: the least key of the key's own tick (day, second, millisecond) that holds the
   * instant, on the zone's wall clock where the type has no zone. Rounds down, unlike `fromCalendar`: noon belongs to its own day, and a
   * bound has passed a cut-off exactly when it is at or below the cut-off's position. Time axis only.
   */
  positionOf(instant: EpochMicros): Position;
  /** Instant of a position; the inverse of `positionOf` up to the key's resolution. Time axis only. */
  instantOf(position: Position): EpochMicros;
}

/** Why a key column cannot be managed under an encoding; a sentence that names the fix. */
export interface KeyProblem {
  readonly problem: string;
}

export type CreateKeyCodec = (column: KeyColumn, encoding: KeyEncoding, timezone: string) => KeyCodec | KeyProblem;
