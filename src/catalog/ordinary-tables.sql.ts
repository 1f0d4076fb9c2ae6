import type { QualifiedName } from '../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, json, nullable, number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/**
 * Ordinary tables that could be partitioned: neither partitions nor temporary, of the system, of an extension or of the journal, whose schema is
 * `$1`. `$2`, `$3`: schemas and names, aligned; null: those with at least `$4` bytes or `$5` rows by their statistics that inherit from nothing.
 * At most `$6`, the largest first. Tables that were never analysed are measured when `$7` says so; pg_relation_size takes AccessShareLock
 * and would queue behind a held or waiting AccessExclusiveLock, so what has one is not. All else locks no relation.
 */
export const ordinaryTablesSql: NamedSql = namedSql(
  'read-ordinary-tables',
  /* sql */ `
  WITH
    locked AS MATERIALIZED (
      SELECT DISTINCT l.relation
      FROM pg_catalog.pg_locks AS l
      WHERE l.locktype = 'relation'
        AND l.mode = 'AccessExclusiveLock'
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    ),
    eligible AS MATERIALIZED (
      SELECT
        c.oid,
        n.nspname,
        c.relname,
        c.relpersistence,
        c.reloftype,
        c.reltoastrelid,
        c.relreplident,
        c.relrowsecurity,
        c.reltuples,
        GREATEST(
          c.relpages::pg_catalog.float8 * pg_catalog.current_setting('block_size')::pg_catalog.float8,
          CASE
            WHEN $7::pg_catalog.bool AND c.reltuples < 0 AND c.oid NOT IN (SELECT locked.relation FROM locked)
              THEN pg_catalog.pg_relation_size(c.oid)
          END
        ) AS bytes
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r'
        AND NOT c.relispartition
        AND c.relpersistence <> 't'
        AND n.nspname NOT IN ('pg_catalog', 'information_schema', $1)
        AND NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_toast')
        AND NOT EXISTS (
          SELECT
          FROM pg_catalog.pg_depend AS dep
          WHERE dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND dep.objid = c.oid
            AND dep.deptype = 'e'
        )
        AND (
          $2::pg_catalog.text[] IS NULL
          OR (n.nspname, c.relname) IN (
            SELECT w.schema, w.name
            FROM ROWS FROM (pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.text[])) AS w (schema, name)
          )
        )
    )
  SELECT
    e.oid::pg_catalog.text AS "oid",
    e.nspname AS "schema",
    e.relname AS "name",
    CASE WHEN e.reltuples >= 0 THEN e.reltuples END AS "rows",
    e.bytes AS "estimatedBytes",
    e.relpersistence = 'u' AS "isUnlogged",
    CASE WHEN e.reloftype <> 0 THEN pg_catalog.format_type(e.reloftype, NULL) END AS "ofType",
    e.relreplident <> 'd' AS "hasReplicaIdentity",
    e.relrowsecurity AS "hasRowSecurity",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_array(pn.nspname, p.relname) ORDER BY i.inhseqno)
      FROM pg_catalog.pg_inherits AS i
      JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
      JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
      WHERE i.inhrelid = e.oid
    ), '[]'::pg_catalog.json) AS "parents",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_array(hn.nspname, h.relname) ORDER BY h.relname)
      FROM pg_catalog.pg_inherits AS i
      JOIN pg_catalog.pg_class AS h ON h.oid = i.inhrelid
      JOIN pg_catalog.pg_namespace AS hn ON hn.oid = h.relnamespace
      WHERE i.inhparent = e.oid
    ), '[]'::pg_catalog.json) AS "heirs"
  FROM eligible AS e
  WHERE $2::pg_catalog.text[] IS NOT NULL
    OR (
      (e.bytes >= $4::pg_catalog.float8 OR e.reltuples >= $5::pg_catalog.float8)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = e.oid)
    )
  ORDER BY e.bytes DESC NULLS LAST, e.nspname, e.relname
  LIMIT $6::pg_catalog.int8`,
);

export interface OrdinaryTableRow {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** By the statistics; null: never analysed. */
  readonly rows: number | null;
  /** Of the main fork. */
  readonly estimatedBytes: number;
  readonly isUnlogged: boolean;
  /** Of a typed table (CREATE TABLE ... OF). */
  readonly ofType: string | null;
  /** Other than the default one. */
  readonly hasReplicaIdentity: boolean;
  readonly hasRowSecurity: boolean;
  /** Tables that it inherits from, and tables that inherit from it. */
  readonly parents: readonly QualifiedName[];
  readonly heirs: readonly QualifiedName[];
}

/** Pairs `[schema, name]`. */
export function qualifiedNames(value: unknown): readonly QualifiedName[] {
  return (value as readonly (readonly [string, string])[]).map(([schema, name]) => ({ schema, name }));
}

export const decodeOrdinaryTable: RowDecoder<OrdinaryTableRow> = row<OrdinaryTableRow>({
  oid: text,
  schema: text,
  name: text,
  rows: nullable(number),
  estimatedBytes: number,
  isUnlogged: boolean,
  ofType: nullable(text),
  hasReplicaIdentity: boolean,
  hasRowSecurity: boolean,
  parents: json(qualifiedNames),
  heirs: json(qualifiedNames),
});
