import { addSpan } from '../../partition/calendar.ts';
import type { KeyCodec } from '../../partition/key.ts';
import type { TablePolicy } from '../../partition/policy.ts';
import { type Edge, type EpochMicros, isPosition, type Position } from '../../partition/position.ts';
import type { Present } from './forecast.ts';

/**
 * An end of a range in seconds on the key's calendar; NaN for integer keys and where there is no end. The calendar is enough for widths and
 * paces, and costs a tenth of an instant in a time zone.
 */
export function calendarSeconds(codec: KeyCodec, edge: Edge): number {
  return codec.axis === 'time' && isPosition(edge) ? Number(codec.toCalendar(edge)) / 1e6 : Number.NaN;
}

/** `clock`: the present of the key, `now`: the instant. Null for integer keys, whose rows do not say when they came. */
export function presentOf(policy: TablePolicy, codec: KeyCodec, clock: Position, now: EpochMicros): Present | null {
  const { interval } = policy;
  if (interval.kind !== 'calendar') return null;
  return { now: calendarSeconds(codec, clock), keepSeconds: retentionSeconds(policy, now), interval, zone: codec.calendarZone };
}

/** Retention counted back from `now` (microseconds since 1970 UTC), in seconds; null without, and for a distance between numbers. */
export function retentionSeconds({ retention, timezone }: TablePolicy, now: EpochMicros): number | null {
  const keep = retention?.keep;
  return keep?.kind === 'calendar' ? Number(now - addSpan(now, keep, timezone, -1)) / 1e6 : null;
}
