import { InvariantError } from '../errors.ts';

/**
 * The keys of an index, each with its options, from what pg_get_indexdef prints: `CREATE INDEX n ON t USING btree (org_id, lower(email) DESC)
 * INCLUDE (x)` has the keys `org_id` and `lower(email) DESC`. Names with a parenthesis are quoted there, so the first one outside quotes opens the
 * keys; quotes inside quotes are doubled, in names and strings alike. Throws PD902 for a text that is no such definition. Pure.
 */
export function indexKeys(definition: string): readonly string[] {
  const keys: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: piece, index } of definition.matchAll(/"[^"]*"|'[^']*'|[(),[\]]/g)) {
    const isEnd = piece === ')' || piece === ']';
    if (depth === 1 && (isEnd || piece === ',')) keys.push(definition.slice(start, index).trim());
    if (depth === 1 && piece === ',') start = index + 1;
    if (isEnd) depth -= 1;
    if (isEnd && depth === 0) return keys;
    if (piece !== '(' && piece !== '[') continue;
    depth += 1;
    if (depth === 1) start = index + 1;
  }
  throw new InvariantError(
    'PD902',
    'read-upkeep-indexes.definition: expected CREATE INDEX with its keys in parentheses, the server sent something else',
  );
}
