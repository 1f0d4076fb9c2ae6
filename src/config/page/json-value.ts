import type { PlainValue } from '../document/plain-value.ts';
import type { JsonValue } from '../format/format.ts';

/** A plain value as JSON; a bigint, which JSON has no exact number for, becomes text. */
export function jsonValue(value: PlainValue): JsonValue {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map(jsonValue);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, jsonValue(inner)]));
}

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value);
}
