import { InvariantError } from '../errors.ts';

/**
 * The keys of an index, each with its options, from what pg_get_indexdef prints: `CREATE INDEX n ON t USING btree (org_id, lower(email) DESC)
 * INCLUDE (x)` has the keys `org_id` and `lower(email) DESC`. Names with a parenthesis are quoted there, so the first one outside quotes opens the
 * keys; quotes inside quotes are doubled, in names and strings alike. Throws PD902 for a text that is no such definition. Pure.
 */
export function indexKeys(definition: string): readonly string[] {
  const commas: number[] = [];
  let start = 0;
  let depth = 0;
  for (const { 0: piece, index } of definition.matchAll(/"[^"]*"|'[^']*'|[(),[\]]/g)) {
    depth += steps[piece] ?? 0;
    if (piece === '(' && depth === 1) start = index;
    if (piece === ',' && depth === 1) commas.push(index);
    if (piece === ')' && depth === 0) return between(definition, [start, ...commas, index]);
  }
  throw new InvariantError(
    'PD902',
    'read-upkeep-indexes.definition: expected CREATE INDEX with its keys in parentheses, the server sent something else',
  );
}

const steps: Readonly<Record<string, number>> = { '(': 1, '[': 1, ')': -1, ']': -1 };

function between(text: string, places: readonly number[]): readonly string[] {
  return places.slice(1).map((place, i) => text.slice((places[i] ?? 0) + 1, place).trim());
}
