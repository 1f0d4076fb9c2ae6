import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/**
 * `$1`: oids of partitions. One row for each whose whole subtree could be measured: sizes of all forks of its leaves, of their indexes and
 * of their TOAST tables (with its index), and the dead rows that the statistics system has counted. The size functions take AccessShareLock
 * and would queue behind a held *or waiting* AccessExclusiveLock, with everybody else behind them, so a partition is left out when a leaf,
 * one of its indexes or its TOAST table has such a lock; a lock that comes in between meets the session's `lock_timeout`.
 * Source: postgresql.org/docs/18/functions-admin.html (database object size functions).
 */
export const partitionStatisticsSql: NamedSql = namedSql(
  'read-partition-statistics',
  /* sql */ `
  WITH RECURSIVE
    locked AS MATERIALIZED (
      SELECT DISTINCT l.relation AS oid
      FROM pg_catalog.pg_locks AS l
      WHERE l.locktype = 'relation'
        AND l.mode = 'AccessExclusiveLock'
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    ),
    tree AS (
      SELECT w.oid AS root, w.oid AS relation
      FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS w (oid)
      UNION ALL
      SELECT tree.root, i.inhrelid
      FROM tree
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.relation
    ),
    leaves AS MATERIALIZED (
      SELECT
        tree.root,
        c.oid,
        c.reltoastrelid AS toast,
        EXISTS (
          SELECT
          FROM locked
          WHERE locked.oid IN (c.oid, c.reltoastrelid)
            OR locked.oid IN (SELECT x.indexrelid FROM pg_catalog.pg_index AS x WHERE x.indrelid = c.oid)
        ) AS is_locked
      FROM tree
      JOIN pg_catalog.pg_class AS c ON c.oid = tree.relation
      WHERE c.relkind IN ('r', 'm')
    ),
    free AS MATERIALIZED (
      SELECT leaves.root
      FROM leaves
      GROUP BY leaves.root
      HAVING NOT pg_catalog.bool_or(leaves.is_locked)
    )
  SELECT
    leaves.root::pg_catalog.text AS "oid",
    COALESCE(pg_catalog.sum(
      pg_catalog.pg_relation_size(leaves.oid, 'main') + pg_catalog.pg_relation_size(leaves.oid, 'fsm') + pg_catalog.pg_relation_size(leaves.oid, 'vm')
    ), 0) AS "heapBytes",
    COALESCE(pg_catalog.sum(pg_catalog.pg_indexes_size(leaves.oid)), 0) AS "indexBytes",
    COALESCE(pg_catalog.sum(CASE WHEN leaves.toast = 0 THEN 0 ELSE pg_catalog.pg_total_relation_size(leaves.toast) END), 0) AS "toastBytes",
    COALESCE(pg_catalog.sum(pg_catalog.pg_stat_get_dead_tuples(leaves.oid)), 0) AS "deadRows"
  FROM leaves
  JOIN free ON free.root = leaves.root
  GROUP BY leaves.root`,
);

/** Sizes in bytes. */
export interface PartitionStatisticsRow {
  readonly oid: string;
  readonly heapBytes: number;
  readonly indexBytes: number;
  readonly toastBytes: number;
  readonly deadRows: number;
}

export const decodePartitionStatistics: RowDecoder<PartitionStatisticsRow> = row<PartitionStatisticsRow>({
  oid: text,
  heapBytes: number,
  indexBytes: number,
  toastBytes: number,
  deadRows: number,
});
