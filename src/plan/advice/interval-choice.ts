/** One of the intervals that a key can be cut by; `width` in seconds or in positions of an integer key. */
export interface Width<T> {
  readonly interval: T;
  readonly width: number;
}

export interface IntervalQuestion<T> {
  readonly present: Width<T>;
  /** Ascending. */
  readonly candidates: readonly Width<T>[];
  /** Bytes that arrive per unit of width; above 0. */
  readonly pace: number;
  readonly targetBytes: number;
  /** How wide all is that is kept: retention, or without it what there is. */
  readonly extent: number;
  /** Whether retention cuts it: it removes whole partitions, so none is proposed that is wider than a quarter of it. */
  readonly isCut: boolean;
}

export interface IntervalChoice<T> extends Width<T> {
  /** What a partition grows to with the present interval, and with this one. */
  readonly presentBytes: number;
  readonly bytes: number;
  /** Partitions fewer (below 0: more) within what is kept. */
  readonly saved: number;
}

const tooLarge = 2;
const tooSmall = 1 / 4;
const widestShare = 1 / 4;
/** Fewer do not pay for a change. */
const leastSaved = 12;

/**
 * The widest candidate with which a partition stays at or under the target, where the present interval is clearly wrong: a partition grows to
 * more than twice the target (then also the narrowest candidate, if none is narrow enough); or a wider one would still stay under a quarter
 * of the target, and more than a dozen partitions are saved within what is kept. Else null: a factor of two is no reason to change. A
 * greater target never gets a narrower answer. Pure, throws nothing.
 */
export function chooseInterval<T>(question: IntervalQuestion<T>): IntervalChoice<T> | null {
  const { present, candidates, pace, targetBytes, extent, isCut } = question;
  const chosen = pace * present.width > tooLarge * targetBytes ? narrower() : wider();
  if (chosen === undefined) return null;
  const saved = extent / present.width - extent / chosen.width;
  if (chosen.width > present.width && saved <= leastSaved) return null;
  return { ...chosen, presentBytes: pace * present.width, bytes: pace * chosen.width, saved };

  function narrower(): Width<T> | undefined {
    const all = candidates.filter(({ width }) => width < present.width);
    return all.findLast(fits) ?? all.at(0);
  }

  function wider(): Width<T> | undefined {
    const all = candidates.filter((one) => one.width > present.width && !(isCut && one.width > widestShare * extent) && fits(one));
    const [least] = all;
    return least !== undefined && pace * least.width <= tooSmall * targetBytes ? all.at(-1) : undefined;
  }

  function fits({ width }: Width<T>): boolean {
    return pace * width <= targetBytes;
  }
}
