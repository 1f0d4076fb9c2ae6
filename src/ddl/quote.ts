/**
 * Text that PostgreSQL takes no parameter for. Identifiers and names are quoted by partition/qualified-name.ts; this file quotes values
 * and bodies of DO. Both are safe whatever the text holds and whatever `standard_conforming_strings` says.
 */

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

/** The body of a DO statement in dollar quotes, with a tag that the body does not hold. */
export function quoteBody(body: string): string {
  let tag = '$partitiond$';
  for (let n = 1; body.includes(tag); n += 1) tag = `$partitiond_${n}$`;
  return `${tag}${body}${tag}`;
}
