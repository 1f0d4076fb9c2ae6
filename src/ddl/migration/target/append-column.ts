import { quoteIdentifier } from '../../../partition/qualified-name.ts';

/**
 * A definition as PostgreSQL deparses it (`USING btree (a, lower(b)) WITH (...)`, `UNIQUE (a) INCLUDE (c)`) with `column` as the last one of its
 * first list. Quotes and parentheses within the list are passed over. Throws `RangeError` on a text without such a list.
 */
export function appendColumn(definition: string, column: string): string {
  const end = endOfFirstList(definition);
  if (end === null) throw new RangeError('The definition of an index has no list of columns.');
  return `${definition.slice(0, end)}, ${quoteIdentifier(column)}${definition.slice(end)}`;
}

/** `''` and `""` inside quotes close and open again, which comes to the same. */
function endOfFirstList(text: string): number | null {
  let depth = 0;
  let quote: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (quote !== null) {
      if (character === quote) quote = null;
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '(') depth += 1;
    else if (character === ')') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return null;
}
