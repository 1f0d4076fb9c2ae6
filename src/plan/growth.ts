/** A partition that takes no new rows any more. Its range in seconds, since 1970 for time keys; `to` is greater than `from`. */
export interface ClosedPartition {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** A line through the pace of growth, in bytes per second of the partitions' range. */
export interface Growth {
  /** Pace at `at`. */
  readonly pace: number;
  /** Change of the pace per second. */
  readonly slope: number;
  /** End of what was fitted, in seconds. */
  readonly at: number;
  /** The trend is believed this much further than `at`, which is as long as it was seen; then the pace stays. */
  readonly trustedSeconds: number;
}

/** Older partitions say little about tomorrow. */
const mostPartitions = 300;

/** Neighbours are taken together until there are no more than these, so that hours of the day or days of the week do not look like a trend. */
const mostPoints = 30;

/**
 * Fits a line to what `closed` (oldest first) grew by per second of range; null with fewer than three that are not empty. The median of all
 * slopes between two points (Theil and Sen) and the median of what then is left: a partition that is still being filled, or was loaded
 * twice, does not bend it. Pure, throws nothing.
 */
export function fitGrowth(closed: readonly ClosedPartition[]): Growth | null {
  const filled = closed.filter(({ bytes }) => bytes > 0).slice(-mostPartitions);
  const [first] = filled;
  const last = filled.at(-1);
  if (first === undefined || last === undefined || filled.length < 3) return null;
  const points = together(filled, Math.ceil(filled.length / mostPoints)).map(({ from, to, bytes }) => ({
    x: (from + to) / 2 - last.to,
    y: bytes / (to - from),
  }));
  const slope = median(points.flatMap((a, i) => points.slice(i + 1).map((b) => (b.y - a.y) / (b.x - a.x))));
  const pace = median(points.map(({ x, y }) => y - slope * x));
  return { pace, slope, at: last.to, trustedSeconds: last.to - first.from };
}

/** Bytes per second at `seconds`; never negative. */
export function growthAt(growth: Growth, seconds: number): number {
  return Math.max(0, growth.pace + growth.slope * Math.min(seconds - growth.at, growth.trustedSeconds));
}

/** Bytes that arrive from `from` until `to`, in seconds; 0 when `to` is not later. */
export function growthBetween(growth: Growth, from: number, to: number): number {
  if (to <= from) return 0;
  // The pace is a broken line: straight up to the end of trust and up to where it reaches 0.
  const bends = [growth.at + growth.trustedSeconds, growth.at - growth.pace / growth.slope];
  let sum = 0;
  let start = from;
  for (const end of [...bends.filter((bend) => bend > from && bend < to).toSorted((a, b) => a - b), to]) {
    sum += ((growthAt(growth, start) + growthAt(growth, end)) / 2) * (end - start);
    start = end;
  }
  return sum;
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

/** Of a list that is not empty. */
function median(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const between = values.toSorted((a, b) => a - b).slice(Math.floor(middle), Math.ceil(middle) + 1);
  return between.reduce((sum, value) => sum + value / between.length, 0);
}
