import { spellIndex } from '../../partition/index-definition.ts';
import type { IndexKey, IndexPolicy } from '../../partition/policy.ts';
import { quoteIdentifier } from '../../partition/qualified-name.ts';
import type { IndexFacts } from '../../partition/upkeep.ts';

/**
 * Whether an index is what the policy asks for: method, uniqueness, keys, included columns and condition, each compared loosely. Storage
 * parameters and the tablespace are not looked at, as they change nothing that a query could tell. Pure, throws nothing.
 */
export function hasShape(index: IndexFacts, wanted: IndexPolicy): boolean {
  return shape(index) === shape({ ...wanted, keys: wanted.keys.map(spellKey) });
}

/** Whether two entries of the policy ask for the same shape, whatever they call it and wherever they want it. */
export function haveSameShape(one: IndexPolicy, other: IndexPolicy): boolean {
  return shape({ ...one, keys: one.keys.map(spellKey) }) === shape({ ...other, keys: other.keys.map(spellKey) });
}

/**
 * Whether `definition`, as `spellIndex` once wrote it of this index, still is what the policy asks for, however it is laid out. Its expressions
 * and condition are believed to be what they were; that its columns are is seen, for somebody may have made another under the name.
 */
export function isSpelledAs(definition: string, index: IndexFacts, wanted: IndexPolicy): boolean {
  const { method, isUnique, include, keys } = index;
  if (loosen(definition) !== loosen(spellIndex(wanted))) return false;
  // No keys: they cannot be read while the table is locked.
  const hasColumns =
    keys.length === 0 ||
    (keys.length === wanted.keys.length &&
      wanted.keys.every((key, at) => key.kind === 'expression' || isColumn(String(keys[at]), key.column)));
  return hasColumns && shape({ method, isUnique, keys: [], include, where: null }) === shape({ ...wanted, keys: [], where: null });
}

function isColumn(printed: string, name: string): boolean {
  const column = quoteIdentifier(name);
  return printed === column || printed.startsWith(`${column} `);
}

const string = `'(?:[^']|'')*'`;
const quoted = `"(?:[^"]|"")*"`;
const word = `(?:${quoted}|[a-z_][\\w$]*)`;
const modifiers = String.raw`(?:\s+(?:varying|precision))?(?:\s*\(\s*\d+(?:\s*,\s*\d+)?\s*\))?(?:\s+with(?:out)?\s+time\s+zone)?(?:\s*\[\s*\])*`;
const token = new RegExp(`(${string})|(${quoted})|(::\\s*${word}(?:\\s*\\.\\s*${word})?${modifiers}|[\\s()])|([^'"\\s()])`, 'gi');

/**
 * PostgreSQL prints an expression its own way: `(status = 'approved'::text)` for `status='approved'`. Outside of quotes case, blanks, parentheses
 * and casts therefore do not count. It still rewrites more than that (`IN` becomes `= ANY`), which is why marks are asked first.
 */
function loosen(sql: string): string {
  return sql.replace(token, (_match, text?: string, name?: string, noise?: string, rest?: string) => {
    if (text !== undefined) return text;
    if (name !== undefined) return quoteIdentifier(name.slice(1, -1).replaceAll('""', '"'));
    return noise === undefined ? String(rest).toLowerCase() : '';
  });
}

/** What a key has anyway is not printed: ASC, NULLS LAST of it, NULLS FIRST of DESC. */
function looseKey(key: string): string {
  const isDescending = /\sDESC(?:\s+NULLS\s+(?:FIRST|LAST))?\s*$/i.test(key);
  const own = isDescending ? /\s+NULLS\s+FIRST\s*$/i : /(?:\s+ASC)?(?:\s+NULLS\s+LAST)?\s*$/i;
  return loosen(key.replace(own, '').replace(/\s+ASC(\s+NULLS\s+FIRST\s*)$/i, '$1'));
}

function spellKey(key: IndexKey): string {
  return key.kind === 'column' ? `${quoteIdentifier(key.column)} ${key.options}` : key.expression;
}

function shape({ method, isUnique, keys, include, where }: Pick<IndexFacts, 'method' | 'isUnique' | 'keys' | 'include' | 'where'>): string {
  return JSON.stringify([method, isUnique, keys.map(looseKey), include, loosen(where ?? '')]);
}
