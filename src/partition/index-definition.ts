import { fingerprint } from './fingerprint.ts';
import { byteLength, cutToBytes, maxIdentifierBytes } from './identifier.ts';
import { quotedKeywords } from './keywords.ts';
import { quoteLiteral } from './literal.ts';
import type { IndexKey, IndexPolicy } from './policy.ts';
import { type QualifiedName, quoteIdentifier } from './qualified-name.ts';

/**
 * What the policy asks for as canonical SQL: `UNIQUE` when it is, then what CREATE INDEX has after the table's name; neither its own name nor
 * its subset. The order of storage parameters does not matter; expressions and conditions are as the policy writes them. Throws RangeError on text with U+0000 in `storage`.
 */
export function spellIndex(definition: IndexPolicy): string {
  return `${definition.isUnique ? 'UNIQUE ' : ''}${indexClauses(definition)}`;
}

/**
 * What CREATE INDEX has after the table's name, for example `USING btree (org_id, (lower(email)) DESC) INCLUDE (x) WITH (fillfactor = '90')
 * TABLESPACE y WHERE status = 'approved'`. Source: postgresql.org/docs/18/sql-createindex.html.
 */
export function indexClauses({ method, keys, include, storage, tablespace, where }: IndexPolicy): string {
  const sorted = Object.entries(storage).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const parameters = sorted.map(([name, value]) => `${quoteIdentifier(name)} = ${quoteLiteral(value)}`);
  return [
    `USING ${quoteIdentifier(method)} (${keys.map(spellKey).join(', ')})`,
    ...(include.length === 0 ? [] : [`INCLUDE (${include.map(quoteIdentifier).join(', ')})`]),
    ...(parameters.length === 0 ? [] : [`WITH (${parameters.join(', ')})`]),
    ...(tablespace === null ? [] : [`TABLESPACE ${quoteIdentifier(tablespace)}`]),
    ...(where === null ? [] : [`WHERE ${ended(where)}`]),
  ].join(' ');
}

/**
 * Name of an index on a partition, in its schema, where indexes always are: `{partition}_{index}`. What is longer than 63 bytes loses the end
 * of the partition's name to 8 digits that tell those cut alike apart (and the end of the index's, when that alone is too long).
 */
export function indexNameOn(indexName: string, partition: QualifiedName): QualifiedName {
  const whole = `${partition.name}_${indexName}`;
  if (byteLength(whole) <= maxIdentifierBytes) return { schema: partition.schema, name: whole };
  const ending = cutToBytes(`_${fingerprint(whole, 8)}_${indexName}`, maxIdentifierBytes);
  return { schema: partition.schema, name: cutToBytes(partition.name, maxIdentifierBytes - byteLength(ending)) + ending };
}

function spellKey(key: IndexKey): string {
  if (key.kind === 'column') return [quoteIdentifier(key.column), ...(key.options === '' ? [] : [key.options])].join(' ');
  const { expression, options } = splitOptions(key.expression);
  return `(${ended(expression)})${options}`;
}

/** No expression ends in these words: each is reserved there, or follows what already is complete. */
const ordering = /(?:(?<=[\s)])(?:ASC|DESC))?\s*(?:(?<=[\s)])NULLS\s+(?:FIRST|LAST))?$/i;

/** A bare name right after a closing parenthesis or a collation can be nothing but an operator class, unless it is a keyword (`(a) ISNULL`). */
const operatorClass = /(?<=\)|\sCOLLATE\s+\S+)\s+(?:[a-z_][a-z0-9_]*\.)?([a-z_][a-z0-9_]*)$/i;

/**
 * PostgreSQL wants an expression in parentheses unless it is a call of a function, and behind them, not inside, what may follow a key
 * (`lower(email) text_pattern_ops DESC`). A collation may stand inside.
 */
function splitOptions(text: string): { readonly expression: string; readonly options: string } {
  const [order, rest] = cutEnd(text.trim(), ordering.exec(text.trim()));
  const found = operatorClass.exec(rest);
  const [opclass, expression] = cutEnd(rest, quotedKeywords.has(found?.[1]?.toLowerCase() ?? '') ? null : found);
  return { expression, options: [opclass, order].map((option) => (option === '' ? '' : ` ${option}`)).join('') };
}

function cutEnd(text: string, found: RegExpExecArray | null): readonly [end: string, rest: string] {
  const at = found?.index ?? text.length;
  return [text.slice(at).trim(), text.slice(0, at).trimEnd()];
}

/** What follows must not become part of a comment. */
function ended(sql: string): string {
  return sql.includes('--') ? `${sql.trim()}\n` : sql.trim();
}
