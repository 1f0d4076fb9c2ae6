import type { EpochMicros } from '../partition/position.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { bigint, boolean, nullable, number, oneOf, type RowDecoder, row, text } from '../postgres/row-decoder.ts';
import { mayMaintain } from './upkeep-privilege.ts';

/** The greater age of a relation and its TOAST table; an id of 0 (no storage) would be the greatest age there is. */
function age(of: 'age' | 'mxid_age', column: 'relfrozenxid' | 'relminmxid'): string {
  return `COALESCE(GREATEST(
        CASE WHEN c.${column} <> '0' THEN pg_catalog.${of}(c.${column}) END,
        (SELECT pg_catalog.${of}(toast.${column}) FROM pg_catalog.pg_class AS toast WHERE toast.oid = c.reltoastrelid)
      ), 0)`;
}

/**
 * `$1` to `$10`, aligned: oids of partitioned tables; whether all relations below are wanted; from which number of dead rows, share of the live
 * ones, number of changed rows and share a leaf is of interest (null: never); from which age of its oldest transaction and multixact id (null:
 * never); whether rows changed since the last ANALYZE are of interest at all, as they are once a leaf has closed; whether leaves must be frozen
 * then. `$11` to `$13`, aligned: oids, file nodes and numbers of changes of leaves as they were when they were frozen. `$14`: oids of relations that are of interest for their indexes. One row for each relation below one of the tables that is wanted or of interest, in no order; what a pending
 * detach is about to take away, and all below it, is left out.
 * Reads the catalog and the statistics system alone and locks no relation. What leaves are read for stands in WHERE, cheap before dear, so that
 * of 10,000 partitions with nothing due hardly a row is made. OFFSET 0 keeps the look-up of each relation by index, and each number of the
 * statistics system from being asked for twice.
 * Live rows: those that the statistics system counts, but once it has forgotten (a crash) those of the last VACUUM or ANALYZE, if more.
 * Source: postgresql.org/docs/18/monitoring-stats.html.
 */
export const upkeepRelationsSql: NamedSql = namedSql(
  'read-upkeep-relations',
  /* sql */ `
  WITH RECURSIVE
    wanted AS MATERIALIZED (
      SELECT w.*
      FROM ROWS FROM (
        pg_catalog.unnest($1::pg_catalog.oid[]),
        pg_catalog.unnest($2::pg_catalog.bool[]),
        pg_catalog.unnest($3::pg_catalog.float8[]),
        pg_catalog.unnest($4::pg_catalog.float8[]),
        pg_catalog.unnest($5::pg_catalog.float8[]),
        pg_catalog.unnest($6::pg_catalog.float8[]),
        pg_catalog.unnest($7::pg_catalog.float8[]),
        pg_catalog.unnest($8::pg_catalog.float8[]),
        pg_catalog.unnest($9::pg_catalog.bool[]),
        pg_catalog.unnest($10::pg_catalog.bool[])
      ) WITH ORDINALITY
        AS w (oid, is_whole, dead_rows, dead_ratio, changed_rows, changed_ratio, xid_age, mxid_age, is_maintained, freezes_closed, ordinal)
    ),
    tree AS (
      SELECT wanted.ordinal, i.inhparent AS parent, i.inhrelid AS root, i.inhrelid AS relation, c.relkind
      FROM wanted
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent = wanted.oid AND NOT i.inhdetachpending
      CROSS JOIN LATERAL (SELECT k.relkind FROM pg_catalog.pg_class AS k WHERE k.oid = i.inhrelid OFFSET 0) AS c
      UNION ALL
      SELECT tree.ordinal, i.inhparent, tree.root, i.inhrelid, c.relkind
      FROM tree
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.relation AND NOT i.inhdetachpending
      CROSS JOIN LATERAL (SELECT k.relkind FROM pg_catalog.pg_class AS k WHERE k.oid = i.inhrelid OFFSET 0) AS c
      WHERE tree.relkind = 'p'
    )
  SELECT
    tree.ordinal AS "ordinal",
    tree.relation::pg_catalog.text AS "oid",
    (SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.oid = c.relnamespace) AS "schema",
    c.relname AS "name",
    tree.root::pg_catalog.text AS "rootOid",
    tree.parent::pg_catalog.text AS "parentOid",
    CASE c.relkind WHEN 'p' THEN 'partitioned' WHEN 'f' THEN 'foreign' ELSE 'table' END AS "kind",
    ${mayMaintain('c')} AS "mayMaintain",
    s.live AS "liveRows",
    s.dead AS "deadRows",
    s.changed AS "changedRows",
    c.reltuples >= 0 AS "isAnalyzed",
    (EXTRACT(epoch FROM s.analyzed_at) * 1000000)::pg_catalog.int8 AS "analyzedAt",
    (EXTRACT(epoch FROM s.vacuumed_at) * 1000000)::pg_catalog.int8 AS "vacuumedAt",
    ${age('age', 'relfrozenxid')} AS "xidAge",
    ${age('mxid_age', 'relminmxid')} AS "mxidAge",
    c.relfilenode::pg_catalog.text AS "filenode",
    s.changes AS "changes"
  FROM tree
  JOIN wanted ON wanted.ordinal = tree.ordinal
  CROSS JOIN LATERAL (
    SELECT k.oid, k.relname, k.relnamespace, k.relowner, k.relkind, k.reltuples, k.relfilenode, k.relfrozenxid, k.relminmxid, k.reltoastrelid
    FROM pg_catalog.pg_class AS k
    WHERE k.oid = tree.relation
    OFFSET 0
  ) AS c
  CROSS JOIN LATERAL (
    SELECT
      CASE
        WHEN a.analyzed_at IS NULL AND a.vacuumed_at IS NULL THEN GREATEST(a.live, c.reltuples)
        ELSE a.live
      END AS live,
      a.dead,
      a.changed,
      a.changes,
      a.analyzed_at,
      a.vacuumed_at
    FROM (
      SELECT
        COALESCE(pg_catalog.pg_stat_get_live_tuples(leaf.oid), 0) AS live,
        COALESCE(pg_catalog.pg_stat_get_dead_tuples(leaf.oid), 0) AS dead,
        COALESCE(pg_catalog.pg_stat_get_mod_since_analyze(leaf.oid), 0) AS changed,
        COALESCE(
          pg_catalog.pg_stat_get_tuples_inserted(leaf.oid)
            + pg_catalog.pg_stat_get_tuples_updated(leaf.oid)
            + pg_catalog.pg_stat_get_tuples_deleted(leaf.oid),
          0
        ) AS changes,
        GREATEST(pg_catalog.pg_stat_get_last_analyze_time(leaf.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(leaf.oid)) AS analyzed_at,
        GREATEST(pg_catalog.pg_stat_get_last_vacuum_time(leaf.oid), pg_catalog.pg_stat_get_last_autovacuum_time(leaf.oid)) AS vacuumed_at
      FROM (SELECT CASE WHEN c.relkind = 'r' THEN c.oid END AS oid) AS leaf
      OFFSET 0
    ) AS a
    OFFSET 0
  ) AS s
  LEFT JOIN ROWS FROM (
    pg_catalog.unnest($11::pg_catalog.oid[]), pg_catalog.unnest($12::pg_catalog.text[]), pg_catalog.unnest($13::pg_catalog.float8[])
  ) AS frozen (oid, filenode, changes) ON frozen.oid = tree.relation
  WHERE wanted.is_whole
    OR tree.relation = ANY ($14::pg_catalog.oid[])
    OR (
      tree.relkind = 'r'
      AND (
        s.dead >= wanted.dead_rows
        OR (s.dead >= 1000 AND s.dead > wanted.dead_ratio * s.live)
        OR s.changed >= wanted.changed_rows
        OR (s.changed >= 1000 AND s.changed > wanted.changed_ratio * s.live)
        OR (wanted.is_maintained AND (s.changed > 0 OR (s.live > 0 AND c.reltuples < 0)))
        OR (
          wanted.freezes_closed
          AND s.live > 0
          AND (frozen.oid IS NULL OR frozen.filenode <> c.relfilenode::pg_catalog.text OR frozen.changes < s.changes)
        )
        OR (wanted.xid_age IS NOT NULL AND ${age('age', 'relfrozenxid')} >= wanted.xid_age)
        OR (wanted.mxid_age IS NOT NULL AND ${age('mxid_age', 'relminmxid')} >= wanted.mxid_age)
      )
    )`,
);

export interface UpkeepRelationRow {
  /** 1-based place of the table in the request. */
  readonly ordinal: number;
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly rootOid: string;
  readonly parentOid: string;
  readonly kind: 'table' | 'partitioned' | 'foreign';
  readonly mayMaintain: boolean;
  readonly liveRows: number;
  readonly deadRows: number;
  readonly changedRows: number;
  readonly isAnalyzed: boolean;
  /** Microseconds since 1970; null: never. */
  readonly analyzedAt: EpochMicros | null;
  readonly vacuumedAt: EpochMicros | null;
  readonly xidAge: number;
  readonly mxidAge: number;
  readonly filenode: string;
  readonly changes: number;
}

export const decodeUpkeepRelation: RowDecoder<UpkeepRelationRow> = row<UpkeepRelationRow>({
  ordinal: number,
  oid: text,
  schema: text,
  name: text,
  rootOid: text,
  parentOid: text,
  kind: oneOf('table', 'partitioned', 'foreign'),
  mayMaintain: boolean,
  liveRows: number,
  deadRows: number,
  changedRows: number,
  isAnalyzed: boolean,
  analyzedAt: nullable(bigint),
  vacuumedAt: nullable(bigint),
  xidAge: number,
  mxidAge: number,
  filenode: text,
  changes: number,
});
