import { quoteIdentifier } from '../../../partition/qualified-name.ts';
import type { RecordedStatementRow } from '../recorded-statements.sql.ts';

/**
 * By which a recorded statement's names are most likely found: the search path that its role starts with in this database, then the
 * schemas of managed tables, as many applications set their path when they connect, which nobody records. `schema`: of the table that is
 * looked at; it comes before the other ones. Pure.
 */
export function searchPathOf(
  { searchPaths, roleName }: Pick<RecordedStatementRow, 'searchPaths' | 'roleName'>,
  schema: string,
  schemas: readonly string[],
): string {
  // What cannot be asked for: pg_catalog is searched anyway.
  const own = roleName === null ? 'pg_catalog' : quoteIdentifier(roleName);
  const [configured = '"$user", public'] = searchPaths;
  const path = configured.trim() === '' ? 'pg_catalog' : configured.replaceAll('"$user"', () => own);
  return [path, ...[...new Set([schema, ...schemas, 'public'])].map(quoteIdentifier), 'pg_temp'].join(', ');
}
