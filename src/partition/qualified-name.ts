import { byteLength, maxIdentifierBytes } from './identifier.ts';
import { quotedKeywords } from './keywords.ts';

/** A schema-qualified relation name, both parts exactly as the catalog holds them (unquoted, at most 63 bytes each). */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/**
 * Reads `revenues`, `public.revenues` or `"Odd schema"."a.b"` as `to_regclass` does: unquoted parts fold to lower case (ASCII letters only,
 * as in a UTF-8 database), `""` inside quotes is one quote. Without a schema `public` is meant, not whatever `search_path` says. Throws
 * `RangeError` with a sentence that names the fix. Source: postgresql.org/docs/18/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS.
 */
export function parseQualifiedName(text: string): QualifiedName {
  const parts = splitParts(text);
  const [first, second] = parts;
  if (first === undefined || parts.length > 2) {
    throw new RangeError(`"${text}" has ${parts.length} parts; write schema.table, and put a name that holds a dot into double quotes`);
  }
  return second === undefined ? { schema: 'public', name: first } : { schema: first, name: second };
}

/** The name for SQL, in double quotes only where it needs them, as `quote_ident` decides (over all keywords of PostgreSQL 14 to 18). */
export function quoteIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !quotedKeywords.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** `schema.name` for SQL, each part quoted where it needs it; the inverse of `parseQualifiedName`. */
export function formatQualifiedName({ schema, name }: QualifiedName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

function splitParts(text: string): readonly string[] {
  const parts: string[] = [];
  let rest = text.trimStart();
  for (;;) {
    const { part, length } = rest.startsWith('"') ? quotedPart(rest, text) : plainPart(rest, text);
    checkPart(part, text);
    parts.push(part);
    rest = rest.slice(length).trimStart();
    if (rest === '') return parts;
    if (!rest.startsWith('.')) {
      throw new RangeError(`"${text}" goes on after "${part}"; put a name with blanks or quotes in it into double quotes`);
    }
    rest = rest.slice(1).trimStart();
  }
}

function quotedPart(rest: string, text: string): { readonly part: string; readonly length: number } {
  const match = /^"((?:[^"]|"")*)"/.exec(rest);
  if (match === null) throw new RangeError(`${text} has an opening double quote without a closing one`);
  return { part: match[0].slice(1, -1).replaceAll('""', '"'), length: match[0].length };
}

function plainPart(rest: string, text: string): { readonly part: string; readonly length: number } {
  const end = rest.search(/[.\s"]/);
  const plain = end === -1 ? rest : rest.slice(0, end);
  if (/^\d+$/.test(plain)) throw new RangeError(`"${text}" holds a bare number; if that is a name, write "${plain}" in double quotes`);
  return { part: plain.replace(/[A-Z]/g, (letter) => letter.toLowerCase()), length: plain.length };
}

function checkPart(part: string, text: string): void {
  if (part === '') throw new RangeError(`"${text}" has an empty part; write schema.table or table`);
  if (part.includes('\0')) throw new RangeError('a name cannot hold a null character');
  if (byteLength(part) > maxIdentifierBytes)
    throw new RangeError(`"${part}" is longer than the ${maxIdentifierBytes} bytes of a PostgreSQL name`);
}
