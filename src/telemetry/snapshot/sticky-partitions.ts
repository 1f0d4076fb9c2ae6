import type { PartitionColumns } from './partition-columns.ts';
import { rankPartitions } from './rank-partitions.ts';
import { indexInColumn, textAt } from './text-column.ts';

/** Who is in stays in until its rank is beyond this many times that of those who come in, in so many collections in a row. */
const patience = { ratio: 1.5, collections: 3 } as const;

/**
 * How many partitions may have series of their own at once when those of rank `enter` and better come in: what comes and goes by a little
 * must not end one series and begin another each time.
 */
export function mostShown(enter: number): number {
  return Math.floor(enter * patience.ratio);
}

/** Which partitions of one table have series of their own, remembered from one showing to the next. */
export class StickyPartitions {
  /** Oid -> collections in a row in which it ranked too low. */
  #members: ReadonlyMap<string, number> = new Map();

  /**
   * Indexes of the partitions to show, best first, at most `most`: those of rank `enter` or better, all with a rank of their own, and who
   * was in and has not lost its place. `bytes` is aligned with `columns`. `isCollection`: sizes were collected since the last time, so that a
   * rank which is too low counts once more; what is shown in between has no news of ranks.
   */
  choose(columns: PartitionColumns, bytes: Float64Array, enter: number, most: number, isCollection: boolean): readonly number[] {
    const always = columns.rank.reduce((count, rank) => (rank > 0 ? count + 1 : count), 0);
    const ranked = rankPartitions(columns, bytes, Math.max(mostShown(enter), always));
    const oidOf = (index: number): string => textAt(columns.oids, index);
    const near = ranked.filter((index, place) => place < Math.max(enter, always) || this.#members.has(oidOf(index)));
    const known = new Set(ranked.map(oidOf));
    const far = [...this.#members].flatMap(([oid, misses]) => {
      const missed = isCollection ? misses + 1 : misses;
      const index = known.has(oid) || missed >= patience.collections ? -1 : indexInColumn(columns.oids, oid);
      return index === -1 ? [] : [{ index, misses: missed }];
    });
    const chosen = [...near.map((index) => ({ index, misses: 0 })), ...far].slice(0, most);
    this.#members = new Map(chosen.map(({ index, misses }) => [oidOf(index), misses]));
    return chosen.map(({ index }) => index);
  }
}
