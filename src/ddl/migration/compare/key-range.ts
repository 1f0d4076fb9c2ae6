import { quoteLiteral } from '../../../partition/literal.ts';
import type { ColumnRef } from '../../../partition/migration/spec.ts';
import { quoteIdentifier } from '../../../partition/qualified-name.ts';

/** Keys as text, in the order of the key's columns: above `after`, up to and with `upTo`; null is open, so both null is the whole table. */
export interface KeyRange {
  readonly after: readonly string[] | null;
  readonly upTo: readonly string[] | null;
}

/**
 * The condition on unqualified columns, `true` for the whole table. Row-wise comparison, so that a composite key goes by its index; a column's own
 * collation wins over that of a constant. Any chain of keys, each above the former by this comparison, cuts the table into disjoint ranges
 * without a gap, whatever order an index has.
 */
export function renderKeyRange(key: readonly ColumnRef[], { after, upTo }: KeyRange): string {
  const columns = key.map(({ name }) => quoteIdentifier(name)).join(', ');
  const conditions = [
    ...(after === null ? [] : [`(${columns}) > (${renderKey(key, after)})`]),
    ...(upTo === null ? [] : [`(${columns}) <= (${renderKey(key, upTo)})`]),
  ];
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}

function renderKey(key: readonly ColumnRef[], values: readonly string[]): string {
  return key.map(({ type }, index) => `${quoteLiteral(values[index] ?? '')}::${type}`).join(', ');
}
