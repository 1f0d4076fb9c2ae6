import { formatInterval, type Interval, isZeroSpan, parseSpan, type Span } from '../../partition/interval.ts';
import type { Retention } from '../../partition/policy.ts';
import { retentionSection } from '../declaration/table-keys.ts';
import type { MapNode, Report } from '../document/config-node.ts';
import { isInherited } from './merge-defaults.ts';
import { asMap, completeValues, isNone, readSection, reportValue } from './read-section.ts';

export type ReadRetention = { readonly isRead: true; readonly value: Retention | null } | { readonly isRead: false };

const sevenDays: Span = { kind: 'calendar', months: 0, days: 7, micros: 0n };
const noTime: Span = { kind: 'calendar', months: 0, days: 0, micros: 0n };

/**
 * The retention of a table whose defaults are merged in already; null when it has none. Without an interval (which had a problem of
 * its own) the kind of `keep` cannot be checked, and nothing is read. Problems are reported.
 */
export function readRetention(table: MapNode, interval: Interval | null, report: Report): ReadRetention {
  const node = table.entries.get('retention');
  if (node === undefined || isNone(node)) return { isRead: true, value: null };
  const map = asMap(node, table, report);
  if (node.kind !== 'map') return { isRead: false };
  const partial = readSection(retentionSection, map, report);
  const keep = interval === null || partial.keep === undefined ? null : readKeep(map, partial.keep, interval, report);
  const grace =
    partial.action === undefined || partial.grace === undefined ? undefined : readGrace(map, partial.action, partial.grace, report);
  const values = completeValues(retentionSection, partial);
  if (values === null || keep === null || grace === undefined) return { isRead: false };
  return { isRead: true, value: { keep, action: values.action, grace, schema: values.schema } };
}

function readKeep(map: MapNode, written: string | number, interval: Interval, report: Report): Span | null {
  const node = map.entries.get('keep');
  if (node === undefined) return null;
  const allowed =
    interval.kind === 'integer'
      ? `a whole number, the distance from the newest key, because the interval is ${formatInterval(interval)}`
      : `calendar time, because the interval is ${formatInterval(interval)}: for example ${bareNumber(written) ?? 12} ${interval.unit}s`;
  try {
    const keep = parseSpan(written);
    if (isZeroSpan(keep)) throw new RangeError('it would remove every partition but the last');
    if (interval.kind === 'calendar' && keep.kind === 'integer') throw new RangeError('it is a bare number; write its unit');
    if (interval.kind === 'integer' && keep.kind === 'calendar')
      throw new RangeError('it is calendar time, but the keys are plain numbers');
    return keep;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    reportValue(node, error.message, allowed, false, report);
    return null;
  }
}

/** Null with `detach`; seven days unless written with `drop`; undefined when it cannot be read (reported). */
function readGrace(map: MapNode, action: 'detach' | 'drop', written: string | number | null, report: Report): Span | null | undefined {
  const node = map.entries.get('grace');
  if (written === null || node === undefined) return action === 'drop' ? sevenDays : null;
  if (action === 'detach') {
    const chosen = map.entries.get('action');
    // A table that chooses detach over a default of drop need not also take back the default grace.
    if (isInherited(node) && chosen !== undefined && !isInherited(chosen)) return null;
    reportValue(node, 'with action: detach nothing is dropped', 'no grace; or action: drop', false, report);
    return undefined;
  }
  try {
    const span = parseSpan(written);
    if (span.kind === 'calendar') return span;
    if (span.distance === 0n) return noTime;
    throw new RangeError(`it is a bare number; write its unit, for example ${span.distance} days`);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    reportValue(node, error.message, 'calendar time such as 7 days, or 0 to drop at once', false, report);
    return undefined;
  }
}

function bareNumber(written: string | number): string | null {
  return /^\s*[1-9]\d*\s*$/.test(String(written)) ? String(written).trim() : null;
}
