import { identifiesRows } from '../../../partition/migration/carry-over.ts';
import type { ColumnDefinition, IndexDefinition, TableDefinition } from '../../../partition/migration/definition.ts';
import type { ColumnRef } from '../../../partition/migration/spec.ts';

/** Bytes of the usual key types; others count as text does. Source: postgresql.org/docs/18/datatype.html. */
const widths: ReadonlyMap<string, number> = new Map([
  ['smallint', 2],
  ['integer', 4],
  ['date', 4],
  ['bigint', 8],
  ['timestamp with time zone', 8],
  ['timestamp without time zone', 8],
  ['uuid', 16],
]);
const wide = 32;

/**
 * The key by which rows of both sides are told apart: the primary key, else the narrowest unique index that identifies every row at any moment;
 * of equally narrow ones the first by name. Null when there is none.
 */
export function chooseKey(definition: TableDefinition): readonly ColumnRef[] | null {
  const serving = definition.indexes.filter((index) => identifiesRows(index, definition));
  const primary = serving.find(({ constraint }) => constraint === 'primary');
  const chosen = primary ?? serving.toSorted((a, b) => widthOf(a, definition) - widthOf(b, definition) || (a.name < b.name ? -1 : 1))[0];
  if (chosen === undefined) return null;
  return chosen.columns.flatMap((name) => definition.columns.filter((column) => column.name === name).map(columnRef));
}

export function columnRef({ name, type, collation }: ColumnDefinition): ColumnRef {
  return { name, type, collation };
}

function widthOf(index: IndexDefinition, definition: TableDefinition): number {
  const columns = definition.columns.filter(({ name }) => index.columns.includes(name));
  return columns.reduce((sum, { type }) => sum + (widths.get(type.replace(/\(\d+\)/, '')) ?? wide), 0);
}
