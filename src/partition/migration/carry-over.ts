import type { ForeignKeyDefinition, IndexDefinition, TableDefinition } from './definition.ts';

/** From this version on (`server_version_num`) a partitioned table takes a foreign key NOT VALID. */
export const notValidOnPartitioned = 180_000;

/**
 * Whether the target's index has the partition key as one more column, at the end: every unique key of a partitioned table must hold it
 * (postgresql.org/docs/18/ddl-partitioning.html, Limitations; expressions and predicates may stand beside it, tried on 14 and 18).
 */
export function isWidened({ isUnique, columns }: Pick<IndexDefinition, 'isUnique' | 'columns'>, partitionKey: string): boolean {
  return isUnique && !columns.includes(partitionKey);
}

/**
 * Whether a foreign key can reference the target: it needs a unique key of exactly its columns. The source has one, and so has the target
 * unless that key was widened.
 */
export function isReferenceable({ referencedColumns }: ForeignKeyDefinition, partitionKey: string): boolean {
  return referencedColumns.includes(partitionKey);
}

/**
 * Whether rows can be told apart by the index at any moment: unique of plain columns, none of them null, of all rows, checked at once, by an
 * equality that a statement with a pinned `search_path` means too: with citext's type in pg_catalog's `=`, `A` and `a` are two.
 */
export function identifiesRows(index: IndexDefinition, { columns }: Pick<TableDefinition, 'columns'>): boolean {
  const usable = new Set(columns.flatMap(({ name, isNotNull, equalityIn }) => (isNotNull && equalityIn === null ? [name] : [])));
  if (!index.isUnique || !index.isValid || index.isPartial || index.isDeferrable || index.isTemporal) return false;
  return index.columns.every((column) => column !== null && usable.has(column));
}
