import { identifiesRows } from '../../../partition/migration/carry-over.ts';
import type { IndexDefinition } from '../../../partition/migration/definition.ts';
import type { MigrationSpec, NamePair } from '../../../partition/migration/spec.ts';

/** What the target calls its own of the source's object `name`; the name itself where no pair says otherwise (checks: a table's own affair). */
export function targetNameOf(spec: Pick<MigrationSpec, 'names'>, kinds: readonly NamePair['kind'][], name: string): string {
  return spec.names.find((pair) => pair.name === name && kinds.includes(pair.kind))?.targetName ?? name;
}

/** An index and the constraint that owns it bear one name. */
export function targetIndexName(spec: Pick<MigrationSpec, 'names'>, { name }: Pick<IndexDefinition, 'name'>): string {
  return targetNameOf(spec, ['index', 'constraint'], name);
}

/**
 * The indexes that the target has from its first row on: the primary key, and the unique index of the migration's key where that is another
 * one. All others wait for step 6. The key's is one alone: the primary key if it serves, else the first that does.
 */
export function firstIndexes({ definition, key }: Pick<MigrationSpec, 'definition' | 'key'>): readonly IndexDefinition[] {
  const primary = definition.indexes.find(({ constraint }) => constraint === 'primary');
  const serves = (index: IndexDefinition): boolean =>
    identifiesRows(index, definition) && index.columns.length === key.length && key.every(({ name }) => index.columns.includes(name));
  if (primary !== undefined && serves(primary)) return [primary];
  const other = definition.indexes.find(serves);
  return [primary, other].filter((index) => index !== undefined);
}

/** The indexes that step 6 builds, in the source's order; what is invalid on the source answers no query there either. */
export function laterIndexes(spec: Pick<MigrationSpec, 'definition' | 'key'>): readonly IndexDefinition[] {
  const first = new Set(firstIndexes(spec).map(({ name }) => name));
  return spec.definition.indexes.filter(({ name, isValid }) => isValid && !first.has(name));
}
