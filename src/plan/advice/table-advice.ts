import type { Interval } from '../../partition/interval.ts';

/** What the sizes of a managed table's partitions say about its future. Sizes in bytes, rows as estimated. */
export interface TableAdvice {
  /** An integer key does not say when its rows came: no growth and no forecast. */
  readonly axis: 'time' | 'integer';
  /** Partitions whose range is over and that hold something; fewer than three tell no trend. */
  readonly closedPartitions: number;
  /** Medians over the closed partitions; null without any. */
  readonly bytesPerInterval: number | null;
  readonly rowsPerInterval: number | null;
  readonly growth: GrowthAdvice | null;
  /** Largest closed partition by the median; null without. */
  readonly skew: number | null;
  readonly interval: IntervalAdvice | null;
  readonly locks: LockAdvice;
}

export interface GrowthAdvice {
  /** Bytes per day now. */
  readonly bytesPerDay: number;
  /** Change of that per day. */
  readonly trendPerDay: number;
  /** `week`: by day of the week; `year`: by month; null where too little was seen of either. */
  readonly season: 'week' | 'year' | null;
  /** Bytes of the whole table then, less what retention has taken; by days ahead. */
  readonly forecast: readonly { readonly days: 7 | 30 | 90; readonly bytes: number }[];
}

/** Another interval than the policy's fits the target size better. */
export interface IntervalAdvice {
  readonly interval: Interval;
  /** What a partition would grow to with it. */
  readonly bytes: number;
  /** One sentence with the numbers. */
  readonly reason: string;
}

/** What one statement that touches every partition must lock, of what the server has room for. */
export interface LockAdvice {
  /** Partitions and their indexes, the table and its own. */
  readonly needed: number;
  /** max_locks_per_transaction x (max_connections + max_prepared_transactions): shared by all sessions. */
  readonly available: number;
  /** Of those, what a session takes without contending with others. */
  readonly fastPath: number;
  /**
   * A sentence when one such statement takes a large share, or more than the fast path where a setting would help or they are some hundred; null
   * when all is well.
   */
  readonly problem: string | null;
}
