/**
 * The arithmetic that every bound shares. A `Position` is the exact, order-preserving image of a value of the partition key as a bigint
 * (see key.ts for the image of each type), so gaps, overlaps and expiry are computed without rounding whatever the column's type is.
 */

/** Microseconds since 1970-01-01T00:00:00Z, PostgreSQL's own resolution; negative before 1970. */
export type EpochMicros = bigint;

/** Image of a key value; two values compare like their positions. */
export type Position = bigint;

/** An end of a range: a position, or MINVALUE / MAXVALUE as -Infinity / Infinity, which JavaScript compares with bigints correctly. */
export type Edge = bigint | number;

export const MINVALUE: number = Number.NEGATIVE_INFINITY;
export const MAXVALUE: number = Number.POSITIVE_INFINITY;

/** Half-open: `from` is inside, `to` is not (postgresql.org/docs/18/sql-createtable.html). `from < to` always holds. */
export interface Range {
  readonly from: Edge;
  readonly to: Edge;
}

/** For Array.prototype.sort; never NaN. */
export function compareEdges(a: Edge, b: Edge): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function contains(range: Range, position: Position): boolean {
  return range.from <= position && position < range.to;
}

export function overlaps(a: Range, b: Range): boolean {
  return a.from < b.to && b.from < a.to;
}

/** Narrows an edge to a position; false for MINVALUE and MAXVALUE. */
export function isPosition(edge: Edge): edge is Position {
  return typeof edge === 'bigint';
}
