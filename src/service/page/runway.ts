import type { TableStatus } from '../../reconcile/status.ts';
import { formatCount, formatDuration } from './text/amounts.ts';
import { one, placeOf } from './timeline/place.ts';

/** How far the partitions reach without a gap, in words: `89 days 4 h`; null when it cannot be told, or has no end. */
export function runwayOf({ axis, position, coverageEnd, partitions }: TableStatus): string | null {
  if (axis === null || coverageEnd === null) return null;
  const end = placeOf(coverageEnd, axis);
  if (axis === 'time') {
    const now = position === null ? null : placeOf(position, axis);
    return end === null || now === null ? null : formatDuration(Number((end - now) / 1_000_000n));
  }
  // An integer key tells no time: what is left is counted from the end of the partition that is being filled.
  const current = partitions.find(({ isCurrent }) => isCurrent)?.to ?? null;
  const from = current === null ? null : placeOf(current, axis);
  return end === null || from === null ? null : `at least ${formatCount((end - from) / one)} keys`;
}
