import { type NamedSql, namedSql } from '../../../postgres/named-sql.ts';
import { nullable, type RowDecoder, row, text } from '../../../postgres/row-decoder.ts';

/** `$1`: name of a prepared statement. One row per parameter, in their order. */
export const parameterTypesSql: NamedSql = namedSql(
  'read-parameter-types',
  /* sql */ `
  SELECT
    pg_catalog.format_type(t.oid, NULL) AS "type",
    t.typcategory AS "category",
    (SELECT e.enumlabel FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder LIMIT 1) AS "firstLabel"
  FROM pg_catalog.pg_prepared_statements AS p
  CROSS JOIN LATERAL pg_catalog.unnest(p.parameter_types) WITH ORDINALITY AS parameter (type, place)
  JOIN pg_catalog.pg_type AS t ON t.oid = parameter.type
  WHERE p.name = $1::pg_catalog.text
  ORDER BY parameter.place`,
);

export interface ParameterType {
  /** As `format_type` writes it. */
  readonly type: string;
  /** Of pg_type: N numbers, S texts, D dates, T spans, B booleans, A arrays, E enums, R ranges, I networks, U others. */
  readonly category: string;
  /** Of an enum. */
  readonly firstLabel: string | null;
}

export const decodeParameterType: RowDecoder<ParameterType> = row<ParameterType>({
  type: text,
  category: text,
  firstLabel: nullable(text),
});

/**
 * `$1`, `$2`: names of tables and of columns. A typical value of each column: the most common one, else the middle of the histogram. In all
 * schemas, as texts often name none; statistics over all partitions come before those of the table alone. The view shows only columns that
 * this role may read. Source: postgresql.org/docs/18/view-pg-stats.html (anyarray, which goes to text[] by way of text).
 */
export const columnValuesSql: NamedSql = namedSql(
  'read-column-values',
  /* sql */ `
  SELECT DISTINCT ON (s.schemaname, s.tablename, s.attname)
    s.schemaname AS "schema",
    s.tablename AS "table",
    s.attname AS "column",
    COALESCE(
      (s.most_common_vals::pg_catalog.text::pg_catalog.text[])[1],
      (s.histogram_bounds::pg_catalog.text::pg_catalog.text[])[(pg_catalog.array_length(s.histogram_bounds, 1) + 1) / 2]
    ) AS "value",
    t.typcategory AS "category"
  FROM pg_catalog.pg_stats AS s
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.schemaname
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.tablename
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = s.attname
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  WHERE s.tablename = ANY ($1::pg_catalog.name[]) AND s.attname = ANY ($2::pg_catalog.name[])
  ORDER BY s.schemaname, s.tablename, s.attname, s.inherited DESC`,
);

export interface ColumnValueRow {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** The user's data: for the server only. */
  readonly value: string | null;
  /** Of its type, as above. */
  readonly category: string;
}

export const decodeColumnValue: RowDecoder<ColumnValueRow> = row<ColumnValueRow>({
  category: text,
  schema: text,
  table: text,
  column: text,
  value: nullable(text),
});
