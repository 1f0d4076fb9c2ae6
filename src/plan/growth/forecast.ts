import { fitGrowth, type Growth, growthBetween } from '../growth.ts';

/** A partition of the table, the default one included. */
export interface SizedPartition {
  /** In seconds, since 1970; NaN where there is no such end, for integer keys and for the default partition. */
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  /** Attached, and before the present of the key. */
  readonly isClosed: boolean;
  /** A hold keeps it from retention. */
  readonly isHeld: boolean;
}

/** Where the table stands in time, in seconds. */
export interface Present {
  readonly now: number;
  /** Retention counted back from now; null: nothing ever leaves. */
  readonly keepSeconds: number | null;
}

export interface Forecast {
  readonly growth: Growth;
  /** Bytes of the whole table so many days ahead. */
  readonly sizes: readonly { readonly days: 7 | 30 | 90; readonly bytes: number }[];
}

const day = 86_400;
const horizons = [7, 30, 90] as const;

/**
 * What is there, and what will come, less what will have left by then: nothing that is held leaves. `partitions` by lower bound, time keys
 * only (integer keys do not say when their rows came); null where no growth can be fitted. For metrics and advice alike. Pure, throws nothing.
 */
export function forecastSizes(partitions: readonly SizedPartition[], { now, keepSeconds }: Present): Forecast | null {
  const growth = fitGrowth(partitions.filter(({ isClosed, from, to }) => isClosed && from < to));
  if (growth === null) return null;
  let total = 0;
  const leaving: SizedPartition[] = [];
  const lastCutoff = cutoffAt(now, keepSeconds, horizons[2]);
  for (const partition of partitions) {
    total += partition.bytes;
    if (partition.to <= lastCutoff && !partition.isHeld) leaving.push(partition);
  }
  const sizes = horizons.map((days) => {
    const cutoff = cutoffAt(now, keepSeconds, days);
    const left = leaving.reduce((sum, { to, bytes }) => (to <= cutoff ? sum + bytes : sum), 0);
    return { days, bytes: Math.max(0, total - left) + growthBetween(growth, Math.max(now, cutoff), now + days * day) };
  });
  return { growth, sizes };
}

function cutoffAt(now: number, keepSeconds: number | null, days: number): number {
  return keepSeconds === null ? Number.NEGATIVE_INFINITY : now + days * day - keepSeconds;
}
