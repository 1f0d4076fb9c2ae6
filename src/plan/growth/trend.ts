import type { ClosedPartition } from './closed-partition.ts';
import { median } from './median.ts';

/** A line through paces: bytes per second at the origin, and what is added per second of distance from it. */
export interface Trend {
  readonly pace: number;
  readonly slope: number;
}

/** Neighbours are taken together until there are no more than these, so that hours of the day or days of the week do not look like a trend. */
const mostPoints = 30;

/**
 * The median of all slopes between two points (Theil and Sen) and the median of what then is left: a partition that is still being filled,
 * or was loaded twice, does not bend it. `closed` (oldest first) has two members or more; `origin` in the seconds of their ranges.
 */
export function fitTrend(closed: readonly ClosedPartition[], origin: number): Trend {
  const points = together(closed, Math.ceil(closed.length / mostPoints)).map(({ from, to, bytes }) => ({
    x: (from + to) / 2 - origin,
    y: bytes / (to - from),
  }));
  const slope = median(points.flatMap((a, i) => points.slice(i + 1).map((b) => (b.y - a.y) / (b.x - a.x))));
  return { slope, pace: median(points.map(({ x, y }) => y - slope * x)) };
}

/** Each `size` neighbours as one. */
function together(closed: readonly ClosedPartition[], size: number): readonly ClosedPartition[] {
  const groups: { from: number; to: number; bytes: number }[] = [];
  for (const [index, { from, to, bytes }] of closed.entries()) {
    const group = groups.at(-1);
    if (group === undefined || index % size === 0) groups.push({ from, to, bytes });
    else {
      group.to = to;
      group.bytes += bytes;
    }
  }
  return groups;
}
