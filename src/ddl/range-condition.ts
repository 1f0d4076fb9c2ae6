import { quoteLiteral } from '../partition/literal.ts';
import { quoteIdentifier } from '../partition/qualified-name.ts';

/** What a bound says about the key column; texts as the codec formats them, null for MINVALUE / MAXVALUE. */
export interface RangeBound {
  readonly keyColumn: string;
  readonly keyType: string;
  /** Already quoted for SQL; null when the key uses the column's own collation. */
  readonly keyCollation: string | null;
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * The condition that PostgreSQL itself derives from the bound (get_qual_for_range), so that ATTACH proves it instead of scanning.
 * A collation of the key stands at the column, as there, and the column without its length: anything else proves nothing (measured, 14 to 18).
 */
export function renderRangeCondition(bound: RangeBound): string {
  const column = quoteIdentifier(bound.keyColumn);
  const compared = bound.keyCollation === null ? column : `${column}::${castType(bound)} COLLATE ${bound.keyCollation}`;
  const conditions = [`${column} IS NOT NULL`];
  if (bound.from !== null) conditions.push(`${compared} >= ${constant(bound, bound.from)}`);
  if (bound.to !== null) conditions.push(`${compared} < ${constant(bound, bound.to)}`);
  return conditions.join(' AND ');
}

/** `FOR VALUES FROM (...) TO (...)` of ATTACH PARTITION. */
export function renderForValues(bound: Pick<RangeBound, 'from' | 'to'>): string {
  const from = bound.from === null ? 'MINVALUE' : quoteLiteral(bound.from);
  const to = bound.to === null ? 'MAXVALUE' : quoteLiteral(bound.to);
  return `FOR VALUES FROM (${from}) TO (${to})`;
}

function constant(bound: RangeBound, text: string): string {
  return `${quoteLiteral(text)}::${castType(bound)}`;
}

/** `character` without a length is character(1) in a cast, and would cut the constant. */
function castType(bound: RangeBound): string {
  return bound.keyType === 'character' ? 'bpchar' : bound.keyType;
}
