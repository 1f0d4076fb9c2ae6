import { parseIsoDateTime } from '../../../partition/timestamp-text.ts';

/** Where a bound lies on the axis of its key, exactly: microseconds since 1970 for time, billionths of a billionth for numbers. */
export type Place = bigint;

export type Axis = 'time' | 'integer';

const decimals = 18;
/** One whole number on the axis of integer keys, which may be `numeric` with decimals. */
export const one: Place = 10n ** BigInt(decimals);

/** The place of a bound as the status writes it; null for MINVALUE, MAXVALUE, the infinities and text that is none. Throws nothing. */
export function placeOf(text: string, axis: Axis): Place | null {
  if (axis === 'time') return instantOf(text);
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = ''] = match;
  return BigInt(sign + whole + fraction.slice(0, decimals).padEnd(decimals, '0'));
}

/** Almost all bounds have the form that JavaScript itself reads, several times as fast; a time without a zone counts as UTC. */
function instantOf(text: string): Place | null {
  if (/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\dZ?)?$/.test(text)) {
    const ms = Date.parse(text.length === 19 ? `${text}Z` : text);
    return Number.isNaN(ms) ? null : BigInt(ms) * 1_000n;
  }
  const parsed = parseIsoDateTime(text);
  return parsed === null ? null : parsed.wall - (parsed.offsetMicros ?? 0n);
}
