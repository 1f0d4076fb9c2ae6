import { addSpan } from '../partition/calendar.ts';
import { createGrid, type Grid, keyDistance } from '../partition/grid.ts';
import { formatSpan } from '../partition/interval.ts';
import type { KeyProblem } from '../partition/key.ts';
import type { PartitionedTable, RangePartition } from '../partition/partition.ts';
import type { Retention, TablePolicy } from '../partition/policy.ts';
import { type EpochMicros, isPosition, type Position } from '../partition/position.ts';
import { type Lineup, lineUp } from './lineup.ts';
import type { PlanContext } from './plan-context.ts';

/** What all decisions are made about: one table in positions of its key, and what else decides. */
export interface Subject extends Positions {
  readonly context: PlanContext;
}

/** One table with everything about it expressed in positions of its key. */
export interface Positions {
  readonly policy: TablePolicy;
  readonly table: PartitionedTable;
  readonly lineup: Lineup;
  readonly grid: Grid;
  /** The policy's `startFrom` as a key; null when it has none. */
  readonly startFrom: Position | null;
  /** Where the table's present is: the clock of a time key, the newest key of an integer one. */
  readonly clock: Position;
  /** The later of the clock and the newest row within the horizon: `premake` counts from its partition. */
  readonly anchor: Position;
  /** Null when nothing expires: no retention, an integer key without believable rows to measure from, or bounds that overlap and so cannot be trusted. */
  readonly window: RetentionWindow | null;
}

export interface RetentionWindow {
  readonly retention: Retention;
  /** Keys before it have left retention. `positionOf` rounds down, so it never is later than the policy says. */
  readonly cutoff: Position;
}

/** `positionsOf` at the clock of `context`, with the context. */
export function subjectOf(policy: TablePolicy, table: PartitionedTable, context: PlanContext): Subject | KeyProblem {
  const positions = positionsOf(policy, table, context.now);
  return 'problem' in positions ? positions : { ...positions, context };
}

/**
 * Expresses policy, snapshot and clock (microseconds since 1970 UTC) of one table in positions. Answers with a `KeyProblem` when the policy
 * does not fit the table's key (an interval or a retention of the other kind). Pure, throws nothing.
 */
export function positionsOf(policy: TablePolicy, table: PartitionedTable, now: EpochMicros): Positions | KeyProblem {
  const { codec, newest } = table;
  const grid = createGrid(policy.interval, codec);
  if ('problem' in grid) return grid;
  const lineup = lineUp(table);
  const startFrom =
    policy.startFrom === null ? null : codec.axis === 'time' ? codec.positionOf(policy.startFrom) : keyDistance(policy.startFrom, codec);
  const present = codec.axis === 'time' ? codec.positionOf(now) : presentOfIntegers(newest.position, lineup.ranges[0], startFrom);
  const clock = hasBegun(lineup, present) ? present : later(present, startFrom);
  const window = windowOf(policy, table, now);
  if (window !== null && 'problem' in window) return window;
  const isDoubtful = lineup.overlapping.length > 0;
  return {
    policy,
    table,
    lineup,
    grid,
    startFrom,
    clock,
    anchor: later(clock, newest.position),
    window: isDoubtful ? null : window,
  };
}

/** Without rows the first partition is the present: nothing says yet that later ones are needed. */
function presentOfIntegers(newest: Position | null, first: RangePartition | undefined, startFrom: Position | null): Position {
  if (newest !== null) return newest;
  if (first === undefined) return startFrom ?? 0n;
  const { from, to } = first.bound;
  if (isPosition(from)) return from;
  return isPosition(to) ? to - 1n : 0n;
}

/** A `startFrom` in the future holds until the first partition begins: a table may be prepared before its first day. */
function hasBegun(lineup: Lineup, present: Position): boolean {
  const first = lineup.ranges[0];
  return first !== undefined && first.bound.from <= present;
}

function later(a: Position, b: Position | null): Position {
  return b !== null && b > a ? b : a;
}

function windowOf({ retention, timezone }: TablePolicy, table: PartitionedTable, now: EpochMicros): RetentionWindow | null | KeyProblem {
  if (retention === null) return null;
  const { codec, newest } = table;
  const { keep } = retention;
  if (codec.axis === 'time') {
    if (keep.kind === 'calendar') return { retention, cutoff: codec.positionOf(addSpan(now, keep, timezone, -1)) };
    return {
      problem: `retention.keep ${formatSpan(keep)} is a bare number, but the key holds time; write it with a unit, such as 12 months`,
    };
  }
  if (keep.kind === 'calendar') {
    return {
      problem: `retention.keep ${formatSpan(keep)} is calendar time, but the key is a number that holds no time; write the distance between keys as a whole number`,
    };
  }
  const base = newest.believable === undefined ? newest.position : newest.believable;
  return base === null ? null : { retention, cutoff: base - keyDistance(keep.distance, codec) };
}
