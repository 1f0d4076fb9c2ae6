import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { Clock } from '../../postgres/clock.ts';
import { type BackoffRange, backoffMs } from '../backoff.ts';
import type { Performance } from './performance.ts';

/** What a scheduled run of a task is to leave alone. */
export interface LeftOut {
  /** Null: the database as a whole. */
  readonly table: QualifiedName | null;
  /** In a row. */
  readonly failures: number;
  /** Until it is tried again, in milliseconds. */
  readonly waitMs: number;
}

/** What a run is to be about. */
export interface Turn {
  /** Null: all tables. Empty: nothing is left to do. */
  readonly tables: readonly QualifiedName[] | null;
  /** Those to begin with, as the run before was ended before it got to them. */
  readonly first: readonly QualifiedName[];
  readonly leftOut: readonly LeftOut[];
}

/** For whoever asks for a run: it takes all tables, whatever failed before. */
export const wholeTurn: Turn = { tables: null, first: [], leftOut: [] };

/** What does not work is tried again soon, then less and less often; half an hour is soon enough for what somebody must repair. */
const range: BackoffRange = { firstMs: 30_000, mostMs: 30 * 60_000 };

interface Failing {
  readonly failures: number;
  readonly untilMs: number;
}

/**
 * Who waits how long before the next attempt, for one task of one database: the tables that failed in it one by one, and the database when a
 * run failed as a whole. Counts failures in a row and forgets them with the first success; a new leader starts with none. Remembers as well whom
 * the last run did not get to.
 */
export class TaskBackoff {
  readonly #tables: readonly QualifiedName[];
  readonly #clock: Clock;
  readonly #failing = new Map<string, Failing>();
  #database: Failing | null = null;
  #first: readonly QualifiedName[] = [];

  constructor(tables: readonly QualifiedName[], clock: Clock) {
    this.#tables = tables;
    this.#clock = clock;
  }

  /** What a scheduled run may do now. */
  turn(): Turn {
    const database = this.#waiting(null, this.#database);
    if (database !== null) return { tables: [], first: [], leftOut: [database] };
    const leftOut = this.#tables.flatMap((table) => this.#waiting(table, this.#failing.get(formatQualifiedName(table)) ?? null) ?? []);
    if (leftOut.length === 0) return { ...wholeTurn, first: this.#first };
    const left = new Set(leftOut.map((one) => one.table));
    return { tables: this.#tables.filter((table) => !left.has(table)), first: this.#first, leftOut };
  }

  /** A run that got to its tables has ended. */
  ended(turn: Turn, { failed, unreached }: Pick<Performance, 'failed' | 'unreached'>): void {
    this.#database = null;
    this.#first = unreached;
    const failedNames = new Set(failed.map(formatQualifiedName));
    const unreachedNames = new Set(unreached.map(formatQualifiedName));
    for (const name of (turn.tables ?? this.#tables).map(formatQualifiedName)) {
      if (unreachedNames.has(name)) continue;
      if (failedNames.has(name)) this.#failing.set(name, this.#again(this.#failing.get(name) ?? null));
      else this.#failing.delete(name);
    }
  }

  /** A run failed as a whole, so nobody knows of any table. */
  failed(): void {
    this.#database = this.#again(this.#database);
  }

  #again(before: Failing | null): Failing {
    const failures = (before?.failures ?? 0) + 1;
    return { failures, untilMs: this.#clock.monotonicMs() + backoffMs(failures, this.#clock, range) };
  }

  #waiting(table: QualifiedName | null, failing: Failing | null): LeftOut | null {
    const waitMs = failing === null ? 0 : failing.untilMs - this.#clock.monotonicMs();
    return failing === null || waitMs <= 0 ? null : { table, failures: failing.failures, waitMs };
  }
}
