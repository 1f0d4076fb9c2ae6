/**
 * How fast a table grows, from the sizes of partitions whose range is over: a trend, and a season on top of it where one is to be seen. The one
 * answer for metrics and advice; knows nothing of partitions that are still open, nor of retention (growth/forecast.ts).
 */
import type { ClosedPartition } from './growth/closed-partition.ts';
import { findSeason } from './growth/find-season.ts';
import { type Season, seasonBounds, seasonFactor } from './growth/season.ts';
import { fitTrend } from './growth/trend.ts';

/** The pace of growth, in bytes per second of the partitions' range: a line, times a season. */
export interface Growth {
  /** Pace at `at`, without the season. */
  readonly pace: number;
  /** Change of the pace per second. */
  readonly slope: number;
  /** End of what was fitted, in seconds. */
  readonly at: number;
  /** The trend is believed this much further than `at`, which is as long as it was seen; then the pace stays. */
  readonly trustedSeconds: number;
  /** Null: none that explains clearly more than the trend alone (growth/find-season.ts). */
  readonly season: Season | null;
}

/** Older partitions say little about tomorrow; a season needs more and has limits of its own. */
const mostPartitions = 300;

/**
 * Fits what `closed` (oldest first) grew by per second of range; null with fewer than three that are not empty. Empty ones before the first
 * that is not are left out: they were made ahead of the first rows. Later ones count: that nothing came is what was seen.
 * Robust: see growth/trend.ts. Pure, throws nothing.
 */
export function fitGrowth(closed: readonly ClosedPartition[]): Growth | null {
  const begun = closed.slice(Math.max(0, closed.findIndex(isFilled)));
  const last = begun.at(-1);
  if (last === undefined || begun.filter(isFilled).length < 3) return null;
  const found = findSeason(begun, last);
  const fitted = found?.steady ?? begun.slice(-mostPartitions);
  const start = fitted.reduce((least, { from }) => Math.min(least, from), last.from);
  return { ...fitTrend(fitted, last.to), at: last.to, trustedSeconds: last.to - start, season: found?.season ?? null };
}

function isFilled({ bytes }: ClosedPartition): boolean {
  return bytes > 0;
}

/** Bytes per second at `seconds`, without the season, which would make it swing from day to day; never negative. */
export function growthAt(growth: Growth, seconds: number): number {
  return Math.max(0, growth.pace + growth.slope * Math.min(seconds - growth.at, growth.trustedSeconds));
}

/** Bytes that arrive from `from` until `to`, in seconds, with the season; 0 when `to` is not later. Takes a step per day or month of it. */
export function growthBetween(growth: Growth, from: number, to: number): number {
  if (to <= from) return 0;
  // The pace is a broken line: straight up to the end of trust and up to where it reaches 0; the season takes steps.
  const bends = [growth.at + growth.trustedSeconds, growth.at - growth.pace / growth.slope].filter((bend) => bend > from && bend < to);
  const steps = growth.season === null ? [] : seasonBounds(growth.season, from, to);
  let sum = 0;
  let start = from;
  for (const end of [...bends, ...steps, to].toSorted((a, b) => a - b)) {
    const factor = growth.season === null ? 1 : seasonFactor(growth.season, (start + end) / 2);
    sum += ((growthAt(growth, start) + growthAt(growth, end)) / 2) * (end - start) * factor;
    start = end;
  }
  return sum;
}
