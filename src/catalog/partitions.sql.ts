import { InvariantError } from '../errors.ts';
import type { Partition } from '../partition/partition.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { list, nullable, number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';
import { escaped, unescaped } from './packed-text.ts';

/** Only for partitions that live elsewhere than their parent. */
const schemaOfSql = `SELECT ${escaped('n.nspname::pg_catalog.text')} FROM pg_catalog.pg_namespace AS n WHERE n.oid = c.relnamespace`;

/**
 * `$1`: oids of partitioned tables. One row per table with all its partitions in one text: at 100,000 partitions a row each costs half as
 * much time again and twice the memory (331 MB against 150 MB at the peak, measured with pg 8.23 on PostgreSQL 18). Fields end with
 * U+001F, partitions with U+001E; both are escaped with U+001B inside names and bounds. Bounds are a text of their own, aligned with the
 * other (aggregates of one query see its rows in one order): V8 keeps a whole text while a part of it is in use, as names are. The lateral
 * subquery walks pg_inherits by its index; the same as GROUP BY sorted the bounds through a temporary file.
 * pg_get_expr with a relation takes AccessShareLock on it and would queue behind DDL (18.4); a bound names no column, so it is given none.
 * From pg_inherits, since pg_partition_tree hides a partition whose detach is pending.
 */
export const partitionsSql: NamedSql = namedSql(
  'read-partitions',
  /* sql */ `
  SELECT
    parent.oid::pg_catalog.text AS "parent",
    (SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.oid = parent.relnamespace) AS "schema",
    tree.partitions AS "packedPartitions",
    tree.bounds AS "packedBounds",
    tree.sub_partitioned AS "subPartitioned",
    tree.foreign_owned AS "foreignOwned",
    tree.foreign_owner AS "foreignOwner",
    tree.superusers_own AS "superusersOwn"
  FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS wanted (oid)
  JOIN pg_catalog.pg_class AS parent ON parent.oid = wanted.oid
  CROSS JOIN LATERAL (
    SELECT
      pg_catalog.string_agg(
        pg_catalog.concat_ws(
          E'\\x1f',
          c.oid,
          c.relkind,
          i.inhdetachpending,
          c.reltuples,
          c.relpages,
          CASE WHEN c.relnamespace = parent.relnamespace THEN '' ELSE (${schemaOfSql}) END,
          ${escaped('c.relname::pg_catalog.text')}
        ),
        E'\\x1e'
      ) AS partitions,
      pg_catalog.string_agg(${escaped("COALESCE(pg_catalog.pg_get_expr(c.relpartbound, 0), '')")}, E'\\x1e') AS bounds,
      COALESCE(pg_catalog.array_agg(c.oid::pg_catalog.text) FILTER (WHERE c.relkind = 'p'), '{}') AS sub_partitioned,
      pg_catalog.count(*) FILTER (WHERE c.relowner <> parent.relowner AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')) AS foreign_owned,
      pg_catalog.min(pg_catalog.pg_get_userbyid(c.relowner))
        FILTER (WHERE c.relowner <> parent.relowner AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')) AS foreign_owner,
      pg_catalog.min(c.oid::pg_catalog.regclass::pg_catalog.text)
        FILTER (
          WHERE c.relowner <> parent.relowner
            AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
            AND EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.oid = c.relowner AND r.rolsuper)
        ) AS superusers_own
    FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = wanted.oid
  ) AS tree`,
);

/** A partition as the catalog has it; its bound is still text. */
export type PartitionRow = Omit<Partition, 'bound' | 'boundText' | 'estimatedBytes'> & {
  readonly boundText: string;
  readonly estimatedPages: number;
};

export interface PartitionsRow {
  readonly parent: string;
  /** The parent's; a partition in the same schema does not repeat it. */
  readonly schema: string;
  /** For `unpackPartitions`. */
  readonly packedPartitions: string | null;
  readonly packedBounds: string | null;
  /** Oids of the partitions that are partitioned themselves. */
  readonly subPartitioned: readonly string[];
  /** Partitions owned by a role that the session's role cannot act as and that does not own the parent, and one such owner. */
  readonly foreignOwned: number;
  readonly foreignOwner: string | null;
  /** One of those whose owner is a superuser, quoted for SQL. */
  readonly superusersOwn: string | null;
}

export const decodePartitions: RowDecoder<PartitionsRow> = row<PartitionsRow>({
  parent: text,
  schema: text,
  packedPartitions: nullable(text),
  packedBounds: nullable(text),
  subPartitioned: list(text),
  foreignOwned: number,
  foreignOwner: nullable(text),
  superusersOwn: nullable(text),
});

/** The partitions of one table, in no order. */
export function unpackPartitions({ packedPartitions, packedBounds, schema }: PartitionsRow): readonly PartitionRow[] {
  if (packedPartitions === null || packedBounds === null) return [];
  const bounds = packedBounds.split('\u001e');
  return packedPartitions.split('\u001e').map((fields, i) => unpackPartition(fields, bounds[i], schema));
}

const kinds: Readonly<Record<string, Partition['kind']>> = { r: 'table', p: 'partitioned', f: 'foreign' };

function unpackPartition(fields: string, boundText: string | undefined, parentSchema: string): PartitionRow {
  const [oid, relkind = '', isDetachPending, rows, pages, schema, name] = fields.split('\u001f');
  const kind = kinds[relkind];
  if (oid === undefined || kind === undefined || schema === undefined || name === undefined || boundText === undefined) {
    throw new InvariantError('PD902', `read-partitions.packedPartitions: a partition of kind "${relkind}" has not the expected fields`);
  }
  return {
    oid,
    name: { schema: schema === '' ? parentSchema : unescaped(schema), name: unescaped(name) },
    kind,
    boundText: unescaped(boundText),
    isDetachPending: isDetachPending === 't',
    estimatedRows: Number(rows),
    estimatedPages: Number(pages),
  };
}
