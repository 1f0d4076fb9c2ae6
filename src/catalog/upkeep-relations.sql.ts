import type { EpochMicros } from '../partition/position.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { bigint, boolean, nullable, number, oneOf, type RowDecoder, row, text } from '../postgres/row-decoder.ts';
import { actsAsOwner, mayMaintain } from './upkeep-privilege.ts';

/** The greater age of a leaf and its TOAST table; an id of 0 (no storage) would be the greatest age there is. */
function age(of: 'age' | 'mxid_age', column: 'relfrozenxid' | 'relminmxid'): string {
  return `COALESCE(GREATEST(
      CASE WHEN leaf.${column} <> '0' THEN pg_catalog.${of}(leaf.${column}) END,
      (SELECT pg_catalog.${of}(toast.${column}) FROM pg_catalog.pg_class AS toast WHERE toast.oid = leaf.reltoastrelid)
    ), 0)`;
}

/** When autovacuum or somebody did it last. */
function last(of: 'analyze' | 'vacuum'): string {
  return `GREATEST(
      pg_catalog.pg_stat_get_last_${of}_time(leaf.counted), pg_catalog.pg_stat_get_last_auto${of}_time(leaf.counted)
    )`;
}

function changesOf(leaf: string): string {
  return `COALESCE(
      pg_catalog.pg_stat_get_tuples_inserted(${leaf}.counted)
        + pg_catalog.pg_stat_get_tuples_updated(${leaf}.counted)
        + pg_catalog.pg_stat_get_tuples_deleted(${leaf}.counted),
      0
    )`;
}

/** Bytes of a row where nothing but the size of a file is known. */
const guessedRowBytes = 100;

/** Rows of a leaf that was never analysed and of which nothing was counted: about as many as its file has room for; null: of any other. */
function guessedRows(leaf: string): string {
  return `CASE
          WHEN ${leaf}.counted IS NOT NULL
            AND ${leaf}.reltuples < 0
            AND ${changesOf(leaf)} = 0
            AND NOT ${leaf}.oid = ANY (ARRAY(SELECT locked.relation FROM locked))
            THEN pg_catalog.ceil(pg_catalog.pg_relation_size(${leaf}.oid) / ${guessedRowBytes}.0)
        END`;
}

/**
 * `$1` to `$10`, aligned: oids of partitioned tables; whether all relations below are wanted; from which number of dead rows, share of the live
 * ones, number of changed rows and share a leaf is of interest (null: never); from which age of its oldest transaction and multixact id (null:
 * never); whether rows changed since the last ANALYZE are of interest at all, as they are once a leaf has closed; whether leaves must be frozen
 * then. `$11` to `$13`, aligned: oids, file nodes and numbers of changes of leaves as they were when they were frozen. `$14`: oids of relations that are wanted
 * anyway. One row for each relation below one of the tables that is wanted or of interest, in no order; what a pending detach is about to take away, and all below it, is left out.
 * Reads the catalog and the statistics system, and of leaves that these know nothing of the size of the file, unless somebody holds or awaits
 * ACCESS EXCLUSIVE on them: pg_relation_size would queue behind him. What is asked for each leaf is as little as can be, and what is read of
 * interesting ones only stands in SELECT: of 10,000 partitions with nothing due hardly a row is made. Levels are found by way of
 * pg_partitioned_table, which has few rows, so that no leaf is asked for its children.
 * Live rows: those that the statistics system counts, but once it has forgotten (a crash) those of the last VACUUM or ANALYZE, if more. With
 * neither (it forgot before the first ANALYZE, by a crash, a promotion or pg_upgrade) a guess from the size, which alone shows that there are rows.
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
    parents AS (
      SELECT wanted.ordinal, wanted.oid, NULL::pg_catalog.oid AS root, wanted.is_maintained
      FROM wanted
      UNION ALL
      SELECT parents.ordinal, p.partrelid, COALESCE(parents.root, p.partrelid), parents.is_maintained
      FROM parents
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent = parents.oid AND NOT i.inhdetachpending
      JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = i.inhrelid
    ),
    locked AS MATERIALIZED (
      SELECT DISTINCT l.relation
      FROM pg_catalog.pg_locks AS l
      WHERE l.locktype = 'relation'
        AND l.mode = 'AccessExclusiveLock'
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    ),
    leaves AS MATERIALIZED (
      SELECT
        parents.ordinal,
        COALESCE(parents.root, c.oid) AS root,
        parents.oid AS parent,
        c.*,
        COALESCE(pg_catalog.pg_stat_get_live_tuples(c.counted), 0) AS live,
        COALESCE(pg_catalog.pg_stat_get_dead_tuples(c.counted), 0) AS dead,
        COALESCE(pg_catalog.pg_stat_get_mod_since_analyze(c.counted), 0) AS changed,
        CASE WHEN parents.is_maintained THEN ${guessedRows('c')} END AS guessed
      FROM parents
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent = parents.oid AND NOT i.inhdetachpending
      JOIN (
        SELECT
          k.oid,
          k.relname,
          k.relnamespace,
          k.relowner,
          k.relkind,
          k.reltuples,
          k.relfilenode,
          k.relfrozenxid,
          k.relminmxid,
          k.reltoastrelid,
          CASE WHEN k.relkind = 'r' THEN k.oid END AS counted
        FROM pg_catalog.pg_class AS k
      ) AS c ON c.oid = i.inhrelid
    )
  SELECT
    leaf.ordinal AS "ordinal",
    leaf.oid::pg_catalog.text AS "oid",
    (SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.oid = leaf.relnamespace) AS "schema",
    leaf.relname AS "name",
    leaf.root::pg_catalog.text AS "rootOid",
    leaf.parent::pg_catalog.text AS "parentOid",
    CASE leaf.relkind WHEN 'p' THEN 'partitioned' WHEN 'f' THEN 'foreign' ELSE 'table' END AS "kind",
    ${mayMaintain('leaf')} AS "mayMaintain",
    ${actsAsOwner('leaf')} AS "mayReindex",
    known.live AS "liveRows",
    leaf.dead AS "deadRows",
    leaf.changed AS "changedRows",
    leaf.reltuples >= 0 AS "isAnalyzed",
    (EXTRACT(epoch FROM ${last('analyze')}) * 1000000)::pg_catalog.int8 AS "analyzedAt",
    ${age('age', 'relfrozenxid')} AS "xidAge",
    ${age('mxid_age', 'relminmxid')} AS "mxidAge",
    leaf.relfilenode::pg_catalog.text AS "filenode",
    ${changesOf('leaf')} AS "changes"
  FROM leaves AS leaf
  JOIN wanted ON wanted.ordinal = leaf.ordinal
  LEFT JOIN ROWS FROM (
    pg_catalog.unnest($11::pg_catalog.oid[]), pg_catalog.unnest($12::pg_catalog.text[]), pg_catalog.unnest($13::pg_catalog.float8[])
  ) AS frozen (oid, filenode, changes) ON frozen.oid = leaf.oid
  CROSS JOIN LATERAL (
    SELECT
      CASE
        WHEN leaf.counted IS NOT NULL AND leaf.reltuples > leaf.live AND COALESCE(${last('analyze')}, ${last('vacuum')}) IS NULL
          THEN leaf.reltuples
        ELSE GREATEST(leaf.live, leaf.guessed)
      END AS live
  ) AS known
  WHERE wanted.is_whole
    OR leaf.oid = ANY ($14::pg_catalog.oid[])
    OR (
      leaf.counted IS NOT NULL
      AND (
        leaf.dead >= wanted.dead_rows
        OR (leaf.dead >= 1000 AND leaf.dead > wanted.dead_ratio * known.live)
        OR leaf.changed >= wanted.changed_rows
        OR (leaf.changed >= 1000 AND leaf.changed > wanted.changed_ratio * known.live)
        OR (wanted.is_maintained AND (leaf.changed > 0 OR (leaf.reltuples < 0 AND known.live > 0)))
        OR (
          wanted.freezes_closed
          AND known.live > 0
          AND (frozen.oid IS NULL OR frozen.filenode <> leaf.relfilenode::pg_catalog.text OR frozen.changes < ${changesOf('leaf')})
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
  readonly mayReindex: boolean;
  readonly liveRows: number;
  readonly deadRows: number;
  readonly changedRows: number;
  readonly isAnalyzed: boolean;
  /** Microseconds since 1970; null: never. */
  readonly analyzedAt: EpochMicros | null;
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
  mayReindex: boolean,
  liveRows: number,
  deadRows: number,
  changedRows: number,
  isAnalyzed: boolean,
  analyzedAt: nullable(bigint),
  xidAge: number,
  mxidAge: number,
  filenode: text,
  changes: number,
});
