import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/**
 * `$1`: oids of partitions. One row for each that exists and whose whole subtree could be measured: sizes of all forks of its tables, of
 * their indexes and of their TOAST tables (with their index); foreign tables take no room here. The size functions take AccessShareLock for
 * as long as they look at one relation, and would queue behind a held *or waiting* AccessExclusiveLock with everybody else behind them, so
 * a partition is left out when a leaf, one of its indexes, its TOAST table or that one's index has such a lock; a lock that comes in
 * between meets the session's `lock_timeout`. OFFSET 0 keeps the look-up of each relation by index; the plan was a scan of all of pg_class
 * in each batch.
 * Source: postgresql.org/docs/18/functions-admin.html (database object size functions).
 */
export const partitionSizesSql: NamedSql = namedSql(
  'read-partition-sizes',
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
    relations AS MATERIALIZED (
      SELECT
        tree.root,
        c.oid,
        c.relkind = 'r' AS is_leaf,
        c.reltoastrelid AS toast,
        EXISTS (
          SELECT
          FROM locked
          WHERE locked.oid IN (c.oid, c.reltoastrelid)
            OR locked.oid IN (SELECT x.indexrelid FROM pg_catalog.pg_index AS x WHERE x.indrelid IN (c.oid, c.reltoastrelid))
        ) AS is_locked
      FROM tree
      CROSS JOIN LATERAL (
        SELECT k.oid, k.relkind, k.reltoastrelid FROM pg_catalog.pg_class AS k WHERE k.oid = tree.relation OFFSET 0
      ) AS c
    ),
    free AS MATERIALIZED (
      SELECT relations.root
      FROM relations
      GROUP BY relations.root
      HAVING NOT pg_catalog.bool_or(relations.is_locked AND relations.is_leaf)
    )
  SELECT
    r.root::pg_catalog.text AS "oid",
    COALESCE(pg_catalog.sum(
      CASE
        WHEN r.is_leaf THEN
          pg_catalog.pg_relation_size(r.oid, 'main') + pg_catalog.pg_relation_size(r.oid, 'fsm') + pg_catalog.pg_relation_size(r.oid, 'vm')
      END
    ), 0) AS "heapBytes",
    COALESCE(pg_catalog.sum(CASE WHEN r.is_leaf THEN pg_catalog.pg_indexes_size(r.oid) END), 0) AS "indexBytes",
    COALESCE(pg_catalog.sum(CASE WHEN r.is_leaf AND r.toast <> 0 THEN pg_catalog.pg_total_relation_size(r.toast) END), 0) AS "toastBytes"
  FROM relations AS r
  JOIN free ON free.root = r.root
  GROUP BY r.root`,
);

export interface PartitionSizesRow {
  readonly oid: string;
  readonly heapBytes: number;
  readonly indexBytes: number;
  readonly toastBytes: number;
}

export const decodePartitionSizes: RowDecoder<PartitionSizesRow> = row<PartitionSizesRow>({
  oid: text,
  heapBytes: number,
  indexBytes: number,
  toastBytes: number,
});
