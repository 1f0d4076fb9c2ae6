import type { KeyCodec } from '../../../partition/key.ts';
import type { Position } from '../../../partition/position.ts';
import type { OrdinaryColumn } from './table.ts';

/** Where the values of a column lie, by its statistics. */
export interface KeyRange {
  /** Least and greatest finite value. */
  readonly from: Position;
  readonly to: Position;
  /** The same without far outliers: what the intervals of a proposal begin and end with. */
  readonly main: { readonly from: Position; readonly to: Position };
  /** Rows per unit of the image where most rows are, as a share of all rows; null when they all have one value. */
  readonly density: number | null;
  /** Whether there are values for which no partition has a place. */
  readonly hasInfinity: boolean;
}

/** With fewer ends of buckets the shares are too coarse to say anything of where most rows are. */
const fewestBounds = 11;

/** Null when the statistics hold no finite value that the codec reads. Pure, throws nothing. */
export function keyRange(column: OrdinaryColumn, codec: KeyCodec): KeyRange | null {
  const bounds = column.bounds.flatMap((text) => finite(text, codec));
  const values = [...bounds, ...column.common.flatMap((text) => finite(text, codec))].toSorted(ascending);
  const [from, to] = [values[0], values.at(-1)];
  if (from === undefined || to === undefined) return null;
  const hasInfinity = [...column.bounds, ...column.common].some((text) => /^(-?infinity|nan)$/i.test(text));
  const inner = innerRange(bounds);
  if (inner === null) return { from, to, main: { from, to }, density: to > from ? 1 / Number(to - from) : null, hasInfinity };
  const { first, last } = inner;
  const before = values.filter((value) => value < first).toReversed();
  const after = values.filter((value) => value > last);
  const main = { from: reach(first, before, last - first), to: reach(last, after, last - first) };
  return { from, to, main, density: inner.density, hasInfinity };
}

/**
 * How far `outer`, in its order away from `start`, goes on without a hole longer than all inner buckets together: what comes after one, such as
 * 9999-12-31, is far off. Common values, which are in no bucket, may well go on where the buckets end.
 */
function reach(start: Position, outer: readonly Position[], length: bigint): Position {
  let reached = start;
  for (const value of outer) {
    const hole = value > reached ? value - reached : reached - value;
    if (hole > length) break;
    reached = value;
  }
  return reached;
}

interface InnerRange {
  /** Rows per unit in the inner four fifths of the buckets. */
  readonly density: number;
  /** Ends of all but the outermost buckets. */
  readonly first: Position;
  readonly last: Position;
}

/** Null with too few buckets, or when most of them hold one value. */
function innerRange(bounds: readonly Position[]): InnerRange | null {
  const end = bounds.length - 1;
  const [low, high] = [Math.floor(end / 10), Math.ceil((end * 9) / 10)];
  const [from, to, first, last] = [bounds[low], bounds[high], bounds[1], bounds[end - 1]];
  if (bounds.length < fewestBounds || from === undefined || to === undefined || first === undefined || last === undefined) return null;
  return to > from ? { density: (high - low) / end / Number(to - from), first, last } : null;
}

function finite(text: string, codec: KeyCodec): readonly Position[] {
  if (/^-?infinity$/.test(text)) return [];
  try {
    const edge = codec.parse(text);
    return typeof edge === 'bigint' ? [edge] : [];
  } catch (error) {
    // A fraction in a numeric column that partitiond would count in whole numbers, for example.
    if (error instanceof RangeError) return [];
    throw error;
  }
}

function ascending(a: Position, b: Position): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
