import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { nullable, number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/**
 * `$1`: oids of partitioned tables, `$2`: whether the evidence of unchanged rows is wanted. One row for each relation below them, whatever
 * its level; a leaf is a table ('r') or a foreign table ('f'). Reads the catalog and the statistics system alone and locks no relation, so
 * that nothing can hold it up: sizes are those that VACUUM and ANALYZE left in pg_class, for what was never measured. Ages are those of the
 * relation and its TOAST table, the greater one. Foreign tables have neither age nor vacuum, partitioned ones nothing at all.
 * Rows of single relations rather than sums: they stream, where a GROUP BY would hold them back.
 * Source: postgresql.org/docs/18/monitoring-stats.html; age(0) of a relation without storage would be the greatest there is.
 */
export const partitionActivitySql: NamedSql = namedSql(
  'read-partition-activity',
  /* sql */ `
  WITH RECURSIVE tree AS (
    SELECT i.inhparent AS parent, i.inhrelid AS root, i.inhrelid AS relation
    FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS w (oid)
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = w.oid
    UNION ALL
    SELECT tree.parent, tree.root, i.inhrelid
    FROM tree
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.relation
  )
  SELECT
    tree.parent::pg_catalog.text AS "parent",
    tree.root::pg_catalog.text AS "root",
    tree.relation::pg_catalog.text AS "oid",
    c.relkind AS "relkind",
    CASE WHEN c.relkind = 'r' THEN c.relpages ELSE 0 END AS "pages",
    COALESCE(toast.relpages, 0) AS "toastPages",
    CASE
      WHEN c.relkind = 'r' AND c.reltuples < 0 THEN COALESCE(NULLIF(pg_catalog.pg_stat_get_live_tuples(c.oid), 0), -1)
      WHEN c.relkind <> 'p' THEN c.reltuples
      ELSE -1
    END AS "rows",
    CASE WHEN c.relkind = 'r' THEN pg_catalog.pg_stat_get_dead_tuples(c.oid) ELSE 0 END AS "deadRows",
    CASE WHEN c.relkind = 'r' THEN GREATEST(pg_catalog.age(c.relfrozenxid), pg_catalog.age(toast.relfrozenxid)) ELSE 0 END AS "xidAge",
    CASE WHEN c.relkind = 'r' THEN GREATEST(pg_catalog.mxid_age(c.relminmxid), pg_catalog.mxid_age(toast.relminmxid)) ELSE 0 END AS "mxidAge",
    CASE
      WHEN c.relkind = 'r' THEN COALESCE(pg_catalog.floor(EXTRACT(epoch FROM GREATEST(
        pg_catalog.pg_stat_get_last_vacuum_time(c.oid), pg_catalog.pg_stat_get_last_autovacuum_time(c.oid)
      ))), 0)
    END AS "vacuumedAt",
    CASE
      WHEN c.relkind <> 'p' THEN COALESCE(pg_catalog.floor(EXTRACT(epoch FROM GREATEST(
        pg_catalog.pg_stat_get_last_analyze_time(c.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)
      ))), 0)
    END AS "analyzedAt",
    CASE
      WHEN $2::pg_catalog.bool AND c.relkind = 'r' THEN pg_catalog.concat_ws(
        ' ',
        c.relfilenode,
        pg_catalog.pg_stat_get_tuples_inserted(c.oid),
        pg_catalog.pg_stat_get_tuples_updated(c.oid),
        pg_catalog.pg_stat_get_tuples_deleted(c.oid)
      )
    END AS "evidence"
  FROM tree
  JOIN pg_catalog.pg_class AS c ON c.oid = tree.relation
  LEFT JOIN pg_catalog.pg_class AS toast ON toast.oid = c.reltoastrelid`,
);

/** One relation below a partitioned table; times in seconds since 1970. */
export interface PartitionActivityRow {
  /** The partitioned table at the top, and its partition that this relation is or belongs to. */
  readonly parent: string;
  readonly root: string;
  readonly oid: string;
  readonly relkind: string;
  readonly pages: number;
  readonly toastPages: number;
  /** reltuples; before the first ANALYZE the live rows that were counted as they came. -1: neither is known, or no leaf. */
  readonly rows: number;
  readonly deadRows: number;
  readonly xidAge: number;
  readonly mxidAge: number;
  /** 0: never. Null: there is no such thing for this kind. */
  readonly vacuumedAt: number | null;
  readonly analyzedAt: number | null;
  /** File node, and rows inserted, updated and deleted so far; null when it was not asked for. */
  readonly evidence: string | null;
}

export const decodePartitionActivity: RowDecoder<PartitionActivityRow> = row<PartitionActivityRow>({
  parent: text,
  root: text,
  oid: text,
  relkind: text,
  pages: number,
  toastPages: number,
  rows: number,
  deadRows: number,
  xidAge: number,
  mxidAge: number,
  vacuumedAt: nullable(number),
  analyzedAt: nullable(number),
  evidence: nullable(text),
});
