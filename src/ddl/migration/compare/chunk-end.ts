import type { ColumnRef } from '../../../partition/migration/spec.ts';
import { quoteIdentifier } from '../../../partition/qualified-name.ts';
import { type ComparedSide, renderRows } from './compared-side.ts';
import { renderKeyRange } from './key-range.ts';

/** Reads the key of row number `rows` above `after` as `key`, a text[]; no row when there are fewer. */
export function renderChunkEnd(key: readonly ColumnRef[], side: ComparedSide, after: readonly string[] | null, rows: number): string {
  const columns = key.map(({ name }) => quoteIdentifier(name));
  const texts = columns.map((column) => `${column}::pg_catalog.text`).join(', ');
  return (
    `SELECT ARRAY[${texts}]::pg_catalog.text[] AS "key" ${renderRows(side, renderKeyRange(key, { after, upTo: null }))} ` +
    `ORDER BY ${columns.join(', ')} OFFSET ${rows - 1} LIMIT 1`
  );
}
