import type { TableStatus } from '../../reconcile/status.ts';
import { counted, formatDuration, formatMoment } from './text/amounts.ts';
import { one, placeOf } from './timeline/place.ts';

/** How far the partitions reach without a gap, in words. */
export interface Reach {
  /** `89 days 4 h`, `no end`, `none`; a dash where it cannot be told. */
  readonly runway: string;
  /** The end as a reader writes it, `no end`, `not covered`; a dash where it cannot be told. */
  readonly until: string;
  /** The same as a remark beside the runway. */
  readonly remark: string | null;
}

/** Pure, throws nothing. No end of the coverage is the best that a table can have, none at all an outage: they never read alike. */
export function reachOf(table: TableStatus): Reach {
  const { axis, coverageEnd, error, partitions, position } = table;
  if (coverageEnd !== null) {
    const until = formatMoment(coverageEnd);
    return { runway: runwayTo(coverageEnd, table) ?? '–', until, remark: `until ${until}` };
  }
  if (axis === null || error !== null) return { runway: '–', until: '–', remark: null };
  if (partitions.some(({ isCurrent }) => isCurrent)) return { runway: 'no end', until: 'no end', remark: null };
  const remark = axis === 'time' ? 'now is not covered' : position === null ? 'new keys are not covered' : 'the newest key is not covered';
  return { runway: 'none', until: 'not covered', remark };
}

function runwayTo(coverageEnd: string, { axis, position, partitions }: TableStatus): string | null {
  if (axis === null) return null;
  const end = placeOf(coverageEnd, axis);
  const now = position === null ? null : placeOf(position, axis);
  if (end === null) return null;
  if (axis === 'time') return now === null ? null : formatDuration(Number((end - now) / 1_000_000n));
  if (now !== null) return counted((end - now) / one, 'key');
  // Where the newest key is not known, it is somewhere in the partition that is being filled.
  const current = partitions.find(({ isCurrent }) => isCurrent)?.to ?? null;
  const from = current === null ? null : placeOf(current, axis);
  return from === null ? null : `at least ${counted((end - from) / one, 'key')}`;
}
