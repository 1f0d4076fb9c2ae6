import type { TableStatus } from '../../reconcile/status.ts';
import { formatCount, formatDuration } from './text/amounts.ts';
import { one, placeOf } from './timeline/place.ts';

/** How far the partitions reach without a gap, in words: `89 days 4 h`; null when it cannot be told, or has no end. */
export function runwayOf({ axis, position, coverageEnd, partitions }: TableStatus): string | null {
  if (axis === null || coverageEnd === null) return null;
  const end = placeOf(coverageEnd, axis);
  const now = position === null ? null : placeOf(position, axis);
  if (end === null) return null;
  if (axis === 'time') return now === null ? null : formatDuration(Number((end - now) / 1_000_000n));
  if (now !== null) return `${formatCount((end - now) / one)} keys`;
  // Where the newest key is not known, it is somewhere in the partition that is being filled.
  const current = partitions.find(({ isCurrent }) => isCurrent)?.to ?? null;
  const from = current === null ? null : placeOf(current, axis);
  return from === null ? null : `at least ${formatCount((end - from) / one)} keys`;
}
