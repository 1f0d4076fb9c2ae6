import { calendarFloor } from '../../partition/calendar.ts';
import type { CalendarInterval } from '../../partition/interval.ts';
import { fitGrowth, type Growth, growthBetween } from '../growth.ts';
import type { ClosedPartition } from './closed-partition.ts';

/** A partition of the table, the default one included. */
export interface SizedPartition {
  /** In seconds, since 1970; NaN where there is no such end, for integer keys and for the default partition. */
  readonly from: number;
  readonly to: number;
  /** With indexes. */
  readonly bytes: number;
  /** An empty one takes a few pages for its indexes, which nobody wrote; null: not known, so it says nothing about growth. */
  readonly hasRows: boolean | null;
  /** Attached, with its rows here, and before the present of the key. */
  readonly isClosed: boolean;
  /** A hold keeps it from retention. */
  readonly isHeld: boolean;
}

/** Where a table with a time key stands on the calendar of its key, in seconds. */
export interface Present {
  readonly now: number;
  /** Retention counted back from now; null: nothing ever leaves. */
  readonly keepSeconds: number | null;
  /** What future partitions are cut by, and the zone of that calendar. */
  readonly interval: CalendarInterval;
  readonly zone: string;
}

export interface Forecast {
  readonly growth: Growth;
  /** Bytes of the whole table so many days ahead. */
  readonly sizes: readonly { readonly days: 7 | 30 | 90; readonly bytes: number }[];
}

const day = 86_400;
const horizons = [7, 30, 90] as const;

/**
 * What is there, and what will come, less what will have left by then: whole partitions, and nothing that is held. `partitions` by lower
 * bound, time keys only (integer keys do not say when their rows came); null where no growth can be fitted. For metrics and advice alike. Pure,
 * throws nothing.
 */
export function forecastSizes(partitions: readonly SizedPartition[], present: Present): Forecast | null {
  const { now, keepSeconds } = present;
  const growth = fitGrowth(partitions.flatMap(seenIn));
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
    return { days, bytes: Math.max(0, total - left) + growthBetween(growth, startOfKept(cutoff, present), now + days * day) };
  });
  return { growth, sizes };
}

function seenIn({ from, to, bytes, hasRows, isClosed }: SizedPartition): readonly ClosedPartition[] {
  return isClosed && from < to && hasRows !== null ? [{ from, to, bytes: hasRows ? bytes : 0 }] : [];
}

/** Of what comes, the partition that holds the cutoff is still there as a whole. */
function startOfKept(cutoff: number, { now, interval, zone }: Present): number {
  if (cutoff <= now) return now;
  return Math.max(now, Number(calendarFloor(interval, zone, BigInt(Math.floor(cutoff * 1e6)))) / 1e6);
}

function cutoffAt(now: number, keepSeconds: number | null, days: number): number {
  return keepSeconds === null ? Number.NEGATIVE_INFINITY : now + days * day - keepSeconds;
}
