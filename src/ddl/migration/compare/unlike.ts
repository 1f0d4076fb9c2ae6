import type { ColumnRef } from '../../../partition/migration/spec.ts';
import { quoteIdentifier } from '../../../partition/qualified-name.ts';

/**
 * Whether the rows of two aliases are stored differently, NULL and empty text apart. By image: 1.0 is not 1.00, and types without equality (json)
 * are compared too. As records, for two row constructors would be compared column by column. A copy is an image of its original, so no row is unlike for that alone.
 * Source: postgresql.org/docs/18/functions-comparisons.html#COMPOSITE-TYPE-COMPARISON.
 */
export function renderUnlike(columns: readonly ColumnRef[], one: string, other: string): string {
  const record = (alias: string): string =>
    `ROW(${columns.map(({ name }) => `${alias}.${quoteIdentifier(name)}`).join(', ')})::pg_catalog.record`;
  return `${record(one)} OPERATOR(pg_catalog.*<>) ${record(other)}`;
}
