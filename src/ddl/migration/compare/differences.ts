import { type MigrationSpec, positionColumns } from '../../../partition/migration/spec.ts';
import { quoteIdentifier } from '../../../partition/qualified-name.ts';
import { type ComparedSide, type Comparison, renderRows } from './compared-side.ts';
import { renderKeyRange } from './key-range.ts';
import { renderUnlike } from './unlike.ts';
import { renderUnlogged } from './unlogged.ts';

/**
 * Reads the rows at which both sides differ and whose key is in no visible log entry: `kind` (missing from the follower, extra there, different) and
 * `key`, a text[]; `limit` of them, each with `total`, the number of all. Rows are paired by position, so a second row of a key is extra.
 */
export function renderDifferences(spec: MigrationSpec, { live, follower, log, range }: Comparison, limit: number): string {
  const { key, comparedColumns } = spec;
  const within = renderKeyRange(key, range);
  const names = key.map(({ name }) => quoteIdentifier(name));
  const numbered = names.map((_, index) => `d.k${index + 1}`);
  const columns = comparedColumns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const rows = (side: ComparedSide): string => `(SELECT ${columns} ${renderRows(side, within)})`;
  const position = positionColumns(spec).map(({ name }) => `l.${quoteIdentifier(name)} = f.${quoteIdentifier(name)}`);
  // A key is never NULL, so where it is there is no row.
  const absent = (alias: string): string => `${alias}.${names[0]} IS NULL`;
  return (
    `SELECT d.kind AS "kind", ARRAY[${numbered.map((column) => `${column}::pg_catalog.text`).join(', ')}]::pg_catalog.text[] AS "key", ` +
    'pg_catalog.count(*) OVER ()::pg_catalog.text AS "total" FROM (' +
    `SELECT CASE WHEN ${absent('f')} THEN 'missing' WHEN ${absent('l')} THEN 'extra' ELSE 'different' END AS kind, ` +
    `${names.map((name, index) => `coalesce(l.${name}, f.${name}) AS k${index + 1}`).join(', ')} ` +
    `FROM ${rows(live)} AS l FULL JOIN ${rows(follower)} AS f ON ${position.join(' AND ')} ` +
    `WHERE ${absent('f')} OR ${absent('l')} OR ${renderUnlike(comparedColumns, 'l', 'f')} OFFSET 0) AS d ` +
    `WHERE ${renderUnlogged(key, numbered, log)} LIMIT ${limit}`
  );
}
