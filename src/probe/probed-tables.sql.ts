import { keyColumnSql } from '../catalog/key-column.sql.ts';
import { escaped, unescaped } from '../catalog/packed-text.ts';
import { InvariantError } from '../errors.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { nullable, number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/** Only for partitions that live elsewhere than their table. */
const schemaOfSql = `SELECT ${escaped('s.nspname::pg_catalog.text')} FROM pg_catalog.pg_namespace AS s WHERE s.oid = k.relnamespace`;

/**
 * `$1`, `$2`: schemas and names of tables, aligned. One row per table, also for those that do not exist, with the names of all its partitions in
 * one text: fields end with U+001F, partitions with U+001E, both escaped by U+001B; by oid. Bounds are left out, to print them is most
 * of what a reading of the catalog costs (pg_get_expr, 10 us each), and few probes need them. No lock but on catalogs.
 */
export const probedTablesSql: NamedSql = namedSql(
  'read-probed-tables',
  /* sql */ `
  SELECT
    c.oid::pg_catalog.text AS "oid",
    c.relkind AS "relkind",
    ${keyColumnSql.trim()},
    p.partdefid::pg_catalog.text AS "defaultOid",
    (
      SELECT pg_catalog.string_agg(
        pg_catalog.concat_ws(
          E'\\x1f',
          k.oid,
          k.relkind,
          CASE WHEN k.relnamespace = c.relnamespace THEN '' ELSE (${schemaOfSql}) END,
          ${escaped('k.relname::pg_catalog.text')}
        ),
        E'\\x1e' ORDER BY k.oid
      )
      FROM pg_catalog.pg_inherits AS i
      JOIN pg_catalog.pg_class AS k ON k.oid = i.inhrelid
      WHERE i.inhparent = p.partrelid AND NOT i.inhdetachpending
    ) AS "packedPartitions"
  FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]))
    WITH ORDINALITY AS wanted (schema, name, ordinal)
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = wanted.schema
  LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.name AND c.relkind NOT IN ('i', 'I', 't', 'S', 'c')
  LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = c.oid
  LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0] AND p.partattrs[0] > 0
  ORDER BY wanted.ordinal`,
);

export interface ProbedTableRow {
  /** Null: no such relation. */
  readonly oid: string | null;
  readonly relkind: string | null;
  /** r, l or h; null when it is not partitioned. */
  readonly strategy: string | null;
  readonly keyColumns: number | null;
  /** Null for an expression. */
  readonly keyName: string | null;
  readonly keyType: string | null;
  readonly scale: number | null;
  readonly collation: string | null;
  /** 0: it has no default partition. */
  readonly defaultOid: string | null;
  /** For `unpackNames`. */
  readonly packedPartitions: string | null;
}

export const decodeProbedTable: RowDecoder<ProbedTableRow> = row<ProbedTableRow>({
  oid: nullable(text),
  relkind: nullable(text),
  strategy: nullable(text),
  keyColumns: nullable(number),
  keyName: nullable(text),
  keyType: nullable(text),
  scale: nullable(number),
  collation: nullable(text),
  defaultOid: nullable(text),
  packedPartitions: nullable(text),
});

export interface NamedPartition {
  readonly oid: string;
  readonly isPartitioned: boolean;
  readonly schema: string;
  readonly name: string;
}

/** Pending detaches are left out. `schema`: that of the table, which a partition in the same one does not repeat. */
export function unpackNames(packed: string | null, schema: string): readonly NamedPartition[] {
  return packed === null ? [] : packed.split('\u001e').map((fields) => unpackName(fields, schema));
}

function unpackName(fields: string, tableSchema: string): NamedPartition {
  const [oid, relkind, schema, name] = fields.split('\u001f');
  if (oid === undefined || schema === undefined || name === undefined) {
    throw new InvariantError('PD902', 'read-probed-tables.packedPartitions: a partition has not the expected fields');
  }
  return { oid, isPartitioned: relkind === 'p', schema: schema === '' ? tableSchema : unescaped(schema), name: unescaped(name) };
}
