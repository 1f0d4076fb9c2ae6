import pg from 'pg';

/** A text as an SQL string literal, for statements that travel together in one simple-protocol message and so take no parameters. */
export function literal(text: string | null): string {
  return text === null ? 'NULL' : pg.escapeLiteral(text);
}
