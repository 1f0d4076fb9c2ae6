import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/**
 * `$1`: oids of partitions. One row per leaf table under them (a partition that is not partitioned is its own leaf), foreign tables left out.
 * No relation is opened.
 */
export const leavesSql: NamedSql = namedSql(
  'read-leaves',
  /* sql */ `
  WITH RECURSIVE tree AS (
    SELECT wanted.oid AS root, wanted.oid AS relation
    FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS wanted (oid)
    UNION ALL
    SELECT tree.root, i.inhrelid
    FROM tree
    JOIN pg_catalog.pg_class AS upper ON upper.oid = tree.relation AND upper.relkind = 'p'
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.relation
  )
  SELECT
    tree.root::pg_catalog.text AS "root",
    c.oid::pg_catalog.text AS "leaf",
    pg_catalog.pg_stat_get_dead_tuples(c.oid) AS "deadRows"
  FROM tree
  JOIN pg_catalog.pg_class AS c ON c.oid = tree.relation
  WHERE c.relkind = 'r'`,
);

export interface LeafRow {
  readonly root: string;
  readonly leaf: string;
  readonly deadRows: number;
}

export const decodeLeaf: RowDecoder<LeafRow> = row<LeafRow>({ root: text, leaf: text, deadRows: number });

/**
 * `$1`: oids of leaf tables. Sizes in bytes by component, free space and visibility maps with the heap; a table on which somebody holds or
 * awaits AccessExclusiveLock is left out, as the size functions would queue behind it. The TOAST table goes with its indexes.
 */
export const leafSizesSql: NamedSql = namedSql(
  'read-leaf-sizes',
  /* sql */ `
  WITH locked AS MATERIALIZED (
    SELECT DISTINCT l.relation
    FROM pg_catalog.pg_locks AS l
    WHERE l.locktype = 'relation'
      AND l.mode = 'AccessExclusiveLock'
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
  )
  SELECT
    measured.oid::pg_catalog.text AS "leaf",
    measured.table_bytes - measured.toast_bytes AS "heapBytes",
    measured.index_bytes AS "indexBytes",
    measured.toast_bytes AS "toastBytes"
  FROM (
    SELECT
      c.oid,
      pg_catalog.pg_table_size(c.oid) AS table_bytes,
      pg_catalog.pg_indexes_size(c.oid) AS index_bytes,
      CASE WHEN c.reltoastrelid = 0 THEN 0 ELSE pg_catalog.pg_total_relation_size(c.reltoastrelid) END AS toast_bytes
    FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS wanted (oid)
    JOIN pg_catalog.pg_class AS c ON c.oid = wanted.oid
    WHERE c.oid NOT IN (SELECT locked.relation FROM locked)
  ) AS measured
  WHERE measured.table_bytes IS NOT NULL`,
);

export interface LeafSizeRow {
  readonly leaf: string;
  readonly heapBytes: number;
  readonly indexBytes: number;
  readonly toastBytes: number;
}

export const decodeLeafSize: RowDecoder<LeafSizeRow> = row<LeafSizeRow>({
  leaf: text,
  heapBytes: number,
  indexBytes: number,
  toastBytes: number,
});
