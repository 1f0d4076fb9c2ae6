/** How many partitions get series of their own: none, `topPerTable` of each table, or all; never more than `partitionBudget` in all. */
export interface PartitionLimits {
  readonly partitions: 'none' | 'top' | 'all';
  readonly topPerTable: number;
  /** Series of single partitions in the whole process. */
  readonly maxSeries: number;
}

/** Of one process, whatever is configured: beyond it a scrape costs more than single partitions tell. */
const mostPartitions = 2_000;

/** Families with the label `partition`: size and rows. */
export const seriesPerPartition = 2;

/** How many partitions of one database may have series, so that `databases` of them stay within the process's limits together. */
export function partitionBudget(limits: PartitionLimits, databases: number): number {
  return Math.floor(Math.min(mostPartitions, limits.maxSeries / seriesPerPartition) / Math.max(databases, 1));
}

/**
 * How many partitions each table may show when tables want `wanted` and all may have `budget`: small tables get what they want, the others
 * an equal share. Pure.
 */
export function sharePartitions(wanted: readonly number[], budget: number): readonly number[] {
  let left = budget;
  let most = Number.POSITIVE_INFINITY;
  for (const [index, want] of wanted.toSorted((a, b) => a - b).entries()) {
    const share = Math.floor(left / (wanted.length - index));
    if (want > share) {
      most = share;
      break;
    }
    left -= want;
  }
  return wanted.map((want) => Math.min(want, most));
}
