import { calendarFloor, calendarNext } from './calendar.ts';
import { microsPerDay } from './civil.ts';
import { type CalendarInterval, formatInterval, type IntegerInterval, type Interval } from './interval.ts';
import type { KeyCodec, KeyProblem } from './key.ts';
import type { Position } from './position.ts';

/**
 * The bounds that an interval lays over a key, in both directions without end. Interval n is [bound n, bound n + 1). A grid knows nothing of
 * partitions that exist; odd bounds join it at its next bound.
 */
export interface Grid {
  /** The greatest bound at or before `p`. */
  floor(p: Position): Position;
  /** The smallest bound after `p`. */
  next(p: Position): Position;
  /** The greatest bound before `p`. */
  previous(p: Position): Position;
  /** The key's smallest and greatest position (`KeyCodec.min`, `max`): bounds beyond them exist here but cannot be written down. */
  readonly min: Position;
  readonly max: Position;
}

/**
 * The grid of an interval on a key, or the problem when the two do not fit: a sentence that names the fix. Throws nothing; the grid's methods
 * throw `RangeError` only where calendar time ends (keys of type numeric some 300 thousand million years away).
 */
export function createGrid(interval: Interval, codec: KeyCodec): Grid | KeyProblem {
  if (interval.kind === 'calendar') return codec.axis === 'time' ? timeGrid(interval, codec) : noCalendar(interval);
  return codec.axis === 'integer' ? integerGrid(interval, codec) : noStep(interval);
}

/** The bound `n` intervals after `p` (before it, when `n` is negative); `p` itself for 0. A `p` off the grid counts to its next bound first. */
export function advance(grid: Grid, p: Position, n: number): Position {
  let position = p;
  for (let i = 0; i < n; i++) position = grid.next(position);
  for (let i = 0; i > n; i--) position = grid.previous(position);
  return position;
}

/**
 * How far ahead data is believed: the last position of the interval that is 2 x `premake` (at least 2) intervals after the one that holds
 * `from`. Rows beyond it are far outliers. Never beyond what the key's type can hold, so it can always be formatted.
 */
export function dataHorizon(grid: Grid, from: Position, premake: number): Position {
  const horizon = advance(grid, grid.next(from), 2 * Math.max(premake, 1)) - 1n;
  if (horizon > grid.max) return grid.max;
  return horizon < grid.min ? grid.min : horizon;
}

/** A distance of an integer key (`keep`, a step) in positions, which differ from key values for `numeric` with a scale. */
export function keyDistance(distance: bigint, codec: KeyCodec): Position {
  return distance * BigInt(codec.parse('1'));
}

function timeGrid(interval: CalendarInterval, codec: KeyCodec): Grid | KeyProblem {
  const zone = codec.calendarZone;
  const isSubDay = interval.unit === 'minute' || interval.unit === 'hour';
  if (isSubDay && codec.toCalendar(1n) - codec.toCalendar(0n) >= microsPerDay) {
    return { problem: `the interval ${formatInterval(interval)} is shorter than a day, but the key is a date; write 1 day or more` };
  }
  const floor = (p: Position): Position => codec.fromCalendar(calendarFloor(interval, zone, codec.toCalendar(p)));
  const next = (p: Position): Position => {
    const bound = codec.fromCalendar(calendarNext(interval, zone, codec.toCalendar(p)));
    if (bound <= p) throw new RangeError(`calendar time ends before the key value ${p}; no interval follows it`);
    return bound;
  };
  return { floor, next, previous: (p) => floor(p - 1n), min: codec.min, max: codec.max };
}

function integerGrid(interval: IntegerInterval, codec: KeyCodec): Grid {
  const step = keyDistance(interval.step, codec);
  const floor = (p: Position): Position => p - (((p % step) + step) % step);
  return { floor, next: (p) => floor(p) + step, previous: (p) => floor(p - 1n), min: codec.min, max: codec.max };
}

function noCalendar(interval: CalendarInterval): KeyProblem {
  return {
    problem:
      `the interval ${formatInterval(interval)} is calendar time, but the key is a number that holds no time; write the interval as a whole ` +
      'number, or say how the number holds time with key.encoding (epoch-s, epoch-ms, epoch-us, epoch-ns or snowflake)',
  };
}

function noStep(interval: IntegerInterval): KeyProblem {
  return {
    problem:
      `the interval ${formatInterval(interval)} is a bare number, but the key holds time; write it with a unit, such as 1 month, or set ` +
      'key.encoding to integer if the number is just a number',
  };
}
