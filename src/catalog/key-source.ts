import type { KeyColumn } from '../partition/key.ts';
import type { Partition } from '../partition/partition.ts';
import { formatQualifiedName, quoteIdentifier } from '../partition/qualified-name.ts';

/** SQL fragments for reading the keys of one partition under the alias `k`. All of them are read-only and need no more than SELECT. */
export interface KeySource {
  /** `ONLY schema.name AS k`; without ONLY for a partitioned partition, whose rows are in its leaves. */
  readonly relation: string;
  /** The key as it compares. */
  readonly key: string;
  readonly keyText: string;
}

export function keySource(partition: Pick<Partition, 'name' | 'kind'>, column: KeyColumn): KeySource {
  const name = formatQualifiedName(partition.name);
  const plain = `k.${quoteIdentifier(column.name)}`;
  return {
    relation: `${partition.kind === 'partitioned' ? name : `ONLY ${name}`} AS k`,
    key: column.collation === null ? plain : `${plain} COLLATE ${column.collation}`,
    keyText: `${plain}::pg_catalog.text`,
  };
}

/** `format_type` calls bpchar "character", which as a cast means one character. */
export function keyCast(column: KeyColumn): string {
  return column.type === 'character' ? 'pg_catalog.bpchar' : column.type;
}
