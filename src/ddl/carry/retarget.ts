import { quoteIdentifier } from '../../partition/qualified-name.ts';

/** Literals, quoted and plain identifiers, and whatever else stands between them. */
const tokens = /E?'(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*|[^'"\p{L}_]+/gsu;

/**
 * An expression as pg_get_expr prints it for table `from`, made to speak of table `to`. PostgreSQL qualifies columns with the table's name as
 * soon as the expression holds a subquery (`org.id = big.org_id`); under another name that is 42P01. Only a name followed by a dot, and not
 * preceded by one, is a table's; literals and everything else stay as they are. Names as the catalog has them, unquoted.
 * Source: ruleutils.c, get_variable (PostgreSQL 14 to 18).
 */
export function retarget(expression: string, from: string, to: string): string {
  const parts = expression.match(tokens) ?? [];
  const old = quoteIdentifier(from);
  const isQualifier = (index: number): boolean => (parts[index + 1] ?? '').startsWith('.') && !(parts[index - 1] ?? '').endsWith('.');
  return parts.map((part, index) => (part === old && isQualifier(index) ? quoteIdentifier(to) : part)).join('');
}
