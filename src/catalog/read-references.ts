import { StatementError } from '../errors.ts';
import type { KeyCodec } from '../partition/key.ts';
import type { Partition, PartitionedTable } from '../partition/partition.ts';
import { isPosition } from '../partition/position.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, row } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { decodeForeignKey, type ForeignKeyRow, foreignKeysSql } from './foreign-keys.sql.ts';
import { keyCast, keySource } from './key-source.ts';

/**
 * Of the partitions `oids` of `table`, those whose rows a foreign key still references, with the referencing table. A partition whose
 * references cannot be read (no privilege, a lock, a timeout) counts as referenced: removal refuses at the first doubt.
 */
export async function readReferences(
  session: Session,
  table: PartitionedTable,
  oids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, QualifiedName>> {
  if (oids.length === 0) return new Map();
  const foreignKeys = await session.rows(foreignKeysSql, [[table.oid]], decodeForeignKey, signal);
  const wanted = new Set(oids);
  const referenced = new Map<string, QualifiedName>();
  for (const partition of table.partitions) {
    if (!wanted.has(partition.oid) || partition.kind === 'foreign') continue;
    const foreignKey = await firstReference(session, table, partition, foreignKeys, signal);
    if (foreignKey !== null) referenced.set(partition.oid, foreignKey.table);
  }
  return referenced;
}

async function firstReference(
  session: Session,
  table: PartitionedTable,
  partition: Partition,
  foreignKeys: readonly ForeignKeyRow[],
  signal: AbortSignal,
): Promise<ForeignKeyRow | null> {
  for (const foreignKey of foreignKeys) {
    const parameters: string[] = [];
    try {
      const [found] = await session.rows(referenceSql(table, partition, foreignKey, parameters), parameters, decode, signal);
      if (found?.isReferenced !== false) return foreignKey;
    } catch (error) {
      if (error instanceof StatementError) return foreignKey;
      throw error;
    }
  }
  return null;
}

/**
 * The join says which rows are referenced. A foreign key to a partitioned table contains the partition key, so the partition's bounds hold
 * for the referencing column too, and an index on that column saves reading the rest.
 */
function referenceSql(
  { key, codec }: PartitionedTable,
  partition: Partition,
  { table, columns }: ForeignKeyRow,
  parameters: string[],
): NamedSql {
  const joins = columns.map(
    ({ referenced, referencing, equals }) => `k.${quoteIdentifier(referenced)} ${equals} r.${quoteIdentifier(referencing)}`,
  );
  const own = columns.find(({ referenced }) => referenced === key.name);
  const bounds =
    own === undefined ? [] : boundConditions(`r.${quoteIdentifier(own.referencing)}`, keyCast(key), codec, partition, parameters);
  return namedSql(
    'read-references',
    `SELECT EXISTS (SELECT FROM ${formatQualifiedName(table)} AS r JOIN ${keySource(partition, key).relation} ON ${joins.join(' AND ')}` +
      `${bounds.length === 0 ? '' : ` WHERE ${bounds.join(' AND ')}`}) AS "isReferenced"`,
  );
}

function boundConditions(column: string, cast: string, codec: KeyCodec, { bound }: Partition, parameters: string[]): readonly string[] {
  if (bound.kind !== 'range') return [];
  const conditions: string[] = [];
  if (isPosition(bound.from)) conditions.push(`${column} >= $${parameters.push(codec.format(bound.from))}::${cast}`);
  if (isPosition(bound.to)) conditions.push(`${column} < $${parameters.push(codec.format(bound.to))}::${cast}`);
  return conditions;
}

const decode = row<{ readonly isReferenced: boolean }>({ isReferenced: boolean });
