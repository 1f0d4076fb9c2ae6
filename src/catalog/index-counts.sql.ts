import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/**
 * `$1`: oids of partitioned tables. One row each, unless it is gone: partitions of all levels and the indexes of them, invalid ones too, as planning
 * opens each before it looks whether it is valid. What hangs below a pending detach no new statement plans. Counts only; takes no lock on
 * what it counts.
 */
export const indexCountsSql: NamedSql = namedSql(
  'read-index-counts',
  /* sql */ `
  WITH RECURSIVE tree AS (
    SELECT w.oid AS root, w.oid AS relation
    FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS w (oid)
    UNION ALL
    SELECT tree.root, i.inhrelid
    FROM tree
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.relation AND NOT i.inhdetachpending
  )
  SELECT
    tree.root::pg_catalog.text AS "oid",
    pg_catalog.count(*) - 1 AS "partitions",
    COALESCE(pg_catalog.sum(found.indexes) FILTER (WHERE c.relkind <> 'p'), 0) AS "leafIndexes",
    COALESCE(pg_catalog.sum(found.indexes) FILTER (WHERE c.relkind = 'p'), 0) AS "parentIndexes"
  FROM tree
  JOIN pg_catalog.pg_class AS c ON c.oid = tree.relation
  CROSS JOIN LATERAL (
    SELECT pg_catalog.count(*) AS indexes
    FROM pg_catalog.pg_index AS x
    WHERE x.indrelid = tree.relation
  ) AS found
  GROUP BY tree.root`,
);

export interface IndexCountsRow {
  readonly oid: string;
  readonly partitions: number;
  readonly leafIndexes: number;
  readonly parentIndexes: number;
}

export const decodeIndexCounts: RowDecoder<IndexCountsRow> = row<IndexCountsRow>({
  oid: text,
  partitions: number,
  leafIndexes: number,
  parentIndexes: number,
});
