/** What PostgreSQL refuses of a table that is to be partitioned, in the words that advice and migrations share; each with what to do. */
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../partition/qualified-name.ts';
import { enumerateNames } from './wording.ts';

export function inheritsFrom(name: QualifiedName, parents: readonly QualifiedName[]): string {
  const table = formatQualifiedName(name);
  const list = parents.map((parent) => `ALTER TABLE ${table} NO INHERIT ${formatQualifiedName(parent)};`).join(' ');
  return `It inherits from ${enumerateNames(named(parents))}, which partitions and partitioned tables cannot: ${list}`;
}

export function hasHeirs(heirs: readonly QualifiedName[]): string {
  return (
    `${enumerateNames(named(heirs))} inherit from it, which a partitioned table does not have: move their rows into it as well, or let them ` +
    'be tables of their own by ALTER TABLE ... NO INHERIT.'
  );
}

export function isTyped(name: QualifiedName, type: string): string {
  return `It is a typed table (OF ${type}), which cannot become a partition: ALTER TABLE ${formatQualifiedName(name)} NOT OF;`;
}

export function hasTransitionTables(trigger: string): string {
  return (
    `Trigger ${quoteIdentifier(trigger)} is FOR EACH ROW with transition tables, which partitioned tables and partitions refuse: make it FOR ` +
    'EACH STATEMENT.'
  );
}

export function mayNotMoveRows(trigger: string): string {
  return (
    `Trigger ${quoteIdentifier(trigger)} runs BEFORE INSERT of each row: on a partitioned table it may not change the partition key so that the ` +
    'row belongs elsewhere; see whether it sets the key.'
  );
}

export function comparesNotEqual(exclusion: string, partitionKey: string): string {
  return (
    `Exclusion constraint ${quoteIdentifier(exclusion)} does not compare ${quoteIdentifier(partitionKey)} with =, as every one of a partitioned ` +
    'table must: add that, or add the constraint to each partition, where it excludes within that one only.'
  );
}

function named(names: readonly QualifiedName[]): readonly { readonly name: QualifiedName }[] {
  return names.map((name) => ({ name }));
}
