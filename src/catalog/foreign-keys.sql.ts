import type { QualifiedName } from '../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { json, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/** `$1`: oids of partitioned tables. One row per foreign key that references one of them as a whole. */
export const foreignKeysSql: NamedSql = namedSql(
  'read-foreign-keys',
  /* sql */ `
  SELECT
    f.confrelid::pg_catalog.text AS "referenced",
    n.nspname AS "schema",
    c.relname AS "name",
    (
      SELECT pg_catalog.json_agg(
        pg_catalog.json_build_array(ours.attname, theirs.attname, pg_catalog.format('OPERATOR(%I.%s)', opn.nspname, op.oprname))
        ORDER BY col.ordinal
      )
      FROM ROWS FROM (pg_catalog.unnest(f.confkey), pg_catalog.unnest(f.conkey), pg_catalog.unnest(f.conpfeqop))
        WITH ORDINALITY AS col (referenced, referencing, equals, ordinal)
      JOIN pg_catalog.pg_attribute AS ours ON ours.attrelid = f.confrelid AND ours.attnum = col.referenced
      JOIN pg_catalog.pg_attribute AS theirs ON theirs.attrelid = f.conrelid AND theirs.attnum = col.referencing
      JOIN pg_catalog.pg_operator AS op ON op.oid = col.equals
      JOIN pg_catalog.pg_namespace AS opn ON opn.oid = op.oprnamespace
    ) AS "columns"
  FROM pg_catalog.pg_constraint AS f
  JOIN pg_catalog.pg_class AS c ON c.oid = f.conrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE f.confrelid = ANY ($1::pg_catalog.oid[])
    AND f.contype = 'f'
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_constraint AS up WHERE up.oid = f.conparentid AND up.confrelid = f.confrelid
    )
  ORDER BY f.oid`,
);

export interface ForeignKeyColumns {
  readonly referenced: string;
  readonly referencing: string;
  /** `OPERATOR(schema.=)`, referenced column on its left. */
  readonly equals: string;
}

export interface ForeignKeyRow {
  /** Oid of the referenced table. */
  readonly referenced: string;
  readonly table: QualifiedName;
  readonly columns: readonly ForeignKeyColumns[];
}

const decodeRow = row<{
  readonly referenced: string;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ForeignKeyColumns[];
}>({ referenced: text, schema: text, name: text, columns: json(columns) });

function columns(value: unknown): readonly ForeignKeyColumns[] {
  return (value as readonly (readonly [string, string, string])[]).map(([referenced, referencing, equals]) => ({
    referenced,
    referencing,
    equals,
  }));
}

export const decodeForeignKey: RowDecoder<ForeignKeyRow> = (values, queryName) => {
  const { schema, name, ...rest } = decodeRow(values, queryName);
  return { ...rest, table: { schema, name } };
};
