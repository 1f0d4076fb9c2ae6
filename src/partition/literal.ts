/**
 * A string constant, as quote_literal() prints it: quotes doubled; with a backslash inside, the E'' form with backslashes doubled, which
 * means the same under both settings of `standard_conforming_strings`. Throws RangeError on U+0000, which no PostgreSQL text can hold.
 * Source: postgresql.org/docs/18/sql-syntax-lexical.html (4.1.2.1, 4.1.2.2).
 */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new RangeError('A PostgreSQL text cannot hold the character U+0000.');
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}
