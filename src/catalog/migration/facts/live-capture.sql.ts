import { type NamedSql, namedSql } from '../../../postgres/named-sql.ts';
import { list, type RowDecoder, row, text } from '../../../postgres/row-decoder.ts';

/** The live table, or one of its partitions, with its triggers of capture: three lists of one order. */
export interface LiveRelation {
  readonly oid: string;
  readonly schema: string;
  readonly table: string;
  readonly names: readonly string[];
  /** `tgenabled`. */
  readonly enabled: readonly string[];
  /** Which versions of their rows in the catalog these are. */
  readonly versions: readonly string[];
  /** That of the entry by which it is a partition, which comes with copies of its parent's triggers. */
  readonly madeIn: string;
}

/**
 * `$1`: oid of the live table, `$2`: names of capture's triggers. Found by indexes of the catalog alone, without a lock, which
 * pg_partition_tree takes. A trigger that is turned off and on again has another version.
 */
export const liveCaptureSql: NamedSql = namedSql(
  'read-live-capture',
  /* sql */ `
  WITH RECURSIVE tree (oid, made) AS (
    SELECT $1::pg_catalog.oid, NULL::pg_catalog.xid
    UNION ALL
    SELECT i.inhrelid, i.xmin
    FROM tree
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.oid
  )
  SELECT
    tree.oid::pg_catalog.text AS "oid",
    n.nspname AS "schema",
    c.relname AS "table",
    COALESCE(t.names, '{}') AS "names",
    COALESCE(t.enabled, '{}') AS "enabled",
    COALESCE(t.versions, '{}') AS "versions",
    COALESCE(tree.made::pg_catalog.text, '') AS "madeIn"
  FROM tree
  JOIN pg_catalog.pg_class AS c ON c.oid = tree.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL (
    SELECT
      pg_catalog.array_agg(g.tgname::pg_catalog.text ORDER BY g.tgname) AS names,
      pg_catalog.array_agg(g.tgenabled::pg_catalog.text ORDER BY g.tgname) AS enabled,
      pg_catalog.array_agg(g.xmin::pg_catalog.text ORDER BY g.tgname) AS versions
    FROM pg_catalog.pg_trigger AS g
    WHERE g.tgrelid = tree.oid
      AND g.tgname = ANY ($2::pg_catalog.name[])
  ) AS t
  ORDER BY tree.oid`,
);

export const decodeLiveRelation: RowDecoder<LiveRelation> = row<LiveRelation>({
  oid: text,
  schema: text,
  table: text,
  names: list(text),
  enabled: list(text),
  versions: list(text),
  madeIn: text,
});
