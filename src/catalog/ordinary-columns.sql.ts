import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, list, nullable, number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/**
 * `$1`: oids of ordinary tables. One row per column of a type that partition keys have, in the tables' order of columns. Values from the
 * statistics only (pg_stats shows none of a column that the role may not read): of uuids where all are of version 7, of texts where all are
 * ULIDs, of other types always. Locks no relation: pg_get_expr with a table would take AccessShareLock, and a default needs none.
 * Source: postgresql.org/docs/18/view-pg-stats.html; RFC 9562, section 5.7 (version); github.com/ulid/spec.
 */
export const ordinaryColumnsSql: NamedSql = namedSql(
  'read-ordinary-columns',
  /* sql */ `
  SELECT
    a.attrelid::pg_catalog.text AS "table",
    a.attname AS "name",
    pg_catalog.format_type(a.atttypid, NULL) AS "type",
    CASE
      WHEN a.atttypid = 'pg_catalog.numeric'::pg_catalog.regtype AND a.atttypmod >= 0
        THEN ((((a.atttypmod - 4) & 2047) # 1024) - 1024)
    END AS "scale",
    a.attnotnull AS "isNotNull",
    a.attidentity <> '' AS "isIdentity",
    pg_catalog.pg_get_expr(d.adbin, 0) AS "default",
    pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS "canSelect",
    s.null_frac AS "nullFraction",
    s.correlation AS "correlation",
    CASE WHEN shown.is_shown THEN COALESCE(s.histogram_bounds::pg_catalog.text::pg_catalog.text[], '{}') ELSE '{}' END AS "bounds",
    CASE WHEN shown.is_shown THEN COALESCE(s.most_common_vals::pg_catalog.text::pg_catalog.text[], '{}') ELSE '{}' END AS "common"
  FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS w (oid)
  JOIN pg_catalog.pg_class AS c ON c.oid = w.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
  LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_catalog.pg_stats AS s
    ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND NOT s.inherited
  CROSS JOIN LATERAL (
    SELECT CASE
      WHEN a.atttypid = 'pg_catalog.uuid'::pg_catalog.regtype THEN COALESCE((
        SELECT pg_catalog.bool_and(pg_catalog.substr(v.value, 15, 1) = '7')
        FROM pg_catalog.unnest(
          COALESCE(s.histogram_bounds, s.most_common_vals)::pg_catalog.text::pg_catalog.text[]
        ) AS v (value)
      ), false)
      WHEN a.atttypid IN (
        'pg_catalog.text'::pg_catalog.regtype, 'pg_catalog.varchar'::pg_catalog.regtype, 'pg_catalog.bpchar'::pg_catalog.regtype
      ) THEN COALESCE((
        SELECT pg_catalog.bool_and(v.value ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25} *$')
        FROM pg_catalog.unnest(
          COALESCE(s.histogram_bounds, s.most_common_vals)::pg_catalog.text::pg_catalog.text[]
        ) AS v (value)
      ), false)
      ELSE true
    END AS is_shown
  ) AS shown
  WHERE a.attnum > 0
    AND NOT a.attisdropped
    AND a.attgenerated = ''
    AND a.atttypid IN (
      'pg_catalog.timestamptz'::pg_catalog.regtype, 'pg_catalog.timestamp'::pg_catalog.regtype, 'pg_catalog.date'::pg_catalog.regtype,
      'pg_catalog.int2'::pg_catalog.regtype, 'pg_catalog.int4'::pg_catalog.regtype, 'pg_catalog.int8'::pg_catalog.regtype,
      'pg_catalog.numeric'::pg_catalog.regtype, 'pg_catalog.uuid'::pg_catalog.regtype, 'pg_catalog.text'::pg_catalog.regtype,
      'pg_catalog.varchar'::pg_catalog.regtype, 'pg_catalog.bpchar'::pg_catalog.regtype
    )
  ORDER BY a.attrelid, a.attnum`,
);

export interface OrdinaryColumnRow {
  readonly table: string;
  readonly name: string;
  /** As `format_type` writes it, without modifiers. */
  readonly type: string;
  /** Of numeric(p, s). */
  readonly scale: number | null;
  readonly isNotNull: boolean;
  readonly isIdentity: boolean;
  /** As PostgreSQL deparses it. */
  readonly default: string | null;
  readonly canSelect: boolean;
  /** Null: never analysed, or not to be seen. */
  readonly nullFraction: number | null;
  readonly correlation: number | null;
  /** Ends of the histogram's buckets, which hold equally many rows, ascending; empty when there is none or it is not shown. */
  readonly bounds: readonly string[];
  /** Most common values, in no order; they are in no bucket. */
  readonly common: readonly string[];
}

export const decodeOrdinaryColumn: RowDecoder<OrdinaryColumnRow> = row<OrdinaryColumnRow>({
  table: text,
  name: text,
  type: text,
  scale: nullable(number),
  isNotNull: boolean,
  isIdentity: boolean,
  default: nullable(text),
  canSelect: boolean,
  nullFraction: nullable(number),
  correlation: nullable(number),
  bounds: list(text),
  common: list(text),
});
