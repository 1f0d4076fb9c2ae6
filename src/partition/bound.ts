import type { KeyCodec } from './key.ts';
import type { PartitionBound } from './partition.ts';
import { type Edge, MAXVALUE, MINVALUE } from './position.ts';

/**
 * The bound of a partition from the text of `pg_get_expr(relpartbound, oid)`, read in a session with `DateStyle=ISO` and `TimeZone=UTC`.
 * Throws nothing: LIST and HASH, several key columns and values that are none of this key are `unreadable`, with the reason. A range keeps
 * no part of `text`. Source: `get_range_partbound_string` and `get_const_expr` in src/backend/utils/adt/ruleutils.c.
 */
export function parseBound(text: string, codec: Pick<KeyCodec, 'parse'>): PartitionBound {
  if (text === 'DEFAULT') return { kind: 'default' };
  if (!text.startsWith(opening)) return unreadable(`it is no RANGE partition: ${text}`);
  const from = readValue(text, opening.length);
  if (from === null || !text.startsWith(middle, from.end)) return unreadable(complaint(text));
  const to = readValue(text, from.end + middle.length);
  if (to === null || text.length !== to.end + 1 || !text.endsWith(')')) return unreadable(complaint(text));
  try {
    const range = { from: edgeOf(from, codec), to: edgeOf(to, codec) };
    if (range.from < range.to) return { kind: 'range', ...range };
    return unreadable(`its lower bound is not below its upper bound: ${text}`);
  } catch (error) {
    if (error instanceof RangeError) return unreadable(error.message);
    throw error;
  }
}

const opening = 'FOR VALUES FROM (';
const middle = ') TO (';

interface Value {
  readonly text: string;
  readonly isQuoted: boolean;
  /** Index after the value. */
  readonly end: number;
}

/** A value ends at its closing quote, or before the next comma or parenthesis; null when it does not end or is empty. */
function readValue(text: string, start: number): Value | null {
  if (text[start] !== "'") {
    const match = /[,)]/g;
    match.lastIndex = start;
    const end = match.exec(text)?.index ?? start;
    return end === start ? null : { text: text.slice(start, end), isQuoted: false, end };
  }
  let end = text.indexOf("'", start + 1);
  let hasQuotes = false;
  while (end !== -1 && text[end + 1] === "'") {
    hasQuotes = true;
    end = text.indexOf("'", end + 2);
  }
  if (end === -1) return null;
  const value = text.slice(start + 1, end);
  return { text: hasQuotes ? value.replaceAll("''", "'") : value, isQuoted: true, end: end + 1 };
}

function edgeOf(value: Value, codec: Pick<KeyCodec, 'parse'>): Edge {
  if (!value.isQuoted && value.text === 'MINVALUE') return MINVALUE;
  if (!value.isQuoted && value.text === 'MAXVALUE') return MAXVALUE;
  return codec.parse(value.text);
}

function complaint(text: string): string {
  return text.includes(', ') ? `its key has several columns: ${text}` : `its bound is not understood: ${text}`;
}

/** The reason goes into findings and logs, so it is short whatever the catalog holds. */
function unreadable(reason: string): PartitionBound {
  return { kind: 'unreadable', reason: reason.length > 160 ? `${reason.slice(0, 157)}...` : reason };
}
