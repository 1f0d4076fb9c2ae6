import { byteLength, maxIdentifierBytes } from '../../partition/identifier.ts';
import type { PlainValue } from '../document/plain-value.ts';
import { type Format, format } from './format.ts';
import { textOf } from './text.ts';

/**
 * One name of SQL: plain words are folded to lower case (ASCII letters only, as in a UTF-8 database), quotes keep what is in them. Unlike in
 * SQL a keyword needs no quotes: nothing else can stand where one of these is read.
 * Source: postgresql.org/docs/18/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS.
 */
export function sqlIdentifier(title: string): Format<string> {
  return format({
    title,
    allowed: 'one name as in SQL, with double quotes around it when it is not plain lower case',
    schema: { type: 'string', minLength: 1 },
    parse: (value) => parseIdentifier(textOf(value)),
  });
}

/** Names of columns; one may also be written without a list. */
export const columnNames: Format<readonly string[]> = format({
  title: 'list of columns',
  allowed: 'a list of columns as in SQL, for example [amount, currency]',
  schema: {
    anyOf: [
      { type: 'string', minLength: 1 },
      { type: 'array', items: { type: 'string', minLength: 1 } },
    ],
  },
  parse: (value) => entriesOf(value).map((entry) => parseIdentifier(textOf(entry))),
});

/** The entries of a list; a value that is none counts as the only one. */
export function entriesOf(value: PlainValue): readonly PlainValue[] {
  return isList(value) ? value : [value];
}

/** The name as the catalog holds it. Throws `RangeError` that says what to write instead. */
export function parseIdentifier(text: string): string {
  const found = text.trim();
  const quoted = /^"((?:[^"]|"")+)"$/.exec(found)?.[1];
  if (quoted === undefined && !/^[\p{L}_][\p{L}\p{N}_$]*$/u.test(found)) {
    throw new RangeError(`${JSON.stringify(text)} is not one name; a name with blanks, dots or signs in it needs double quotes`);
  }
  return checkName(quoted === undefined ? foldName(found) : quoted.replaceAll('""', '"'));
}

/** What SQL makes of a name without quotes. */
export function foldName(word: string): string {
  return word.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** The name itself; throws `RangeError` when PostgreSQL would cut it, or cannot hold it. */
export function checkName(name: string): string {
  if (/\p{Cc}/u.test(name)) throw new RangeError('a name cannot hold a control character');
  if (byteLength(name) <= maxIdentifierBytes) return name;
  throw new RangeError(`"${name}" is longer than the ${maxIdentifierBytes} bytes of a PostgreSQL name`);
}

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value);
}
