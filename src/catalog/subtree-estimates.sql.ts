import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/** `$1`: oids of partitions that are partitioned themselves. Estimates of their leaves together; -1 rows when none was ever analysed. */
export const subtreeEstimatesSql: NamedSql = namedSql(
  'read-subtree-estimates',
  /* sql */ `
  WITH RECURSIVE tree AS (
    SELECT wanted.oid AS root, wanted.oid AS relation
    FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS wanted (oid)
    UNION ALL
    SELECT tree.root, i.inhrelid
    FROM tree
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.relation
  )
  SELECT
    tree.root::pg_catalog.text AS "root",
    COALESCE(pg_catalog.sum(c.reltuples) FILTER (WHERE c.reltuples >= 0 AND c.relkind <> 'p'), -1) AS "rows",
    COALESCE(pg_catalog.sum(c.relpages) FILTER (WHERE c.relkind <> 'p'), 0) AS "pages"
  FROM tree
  JOIN pg_catalog.pg_class AS c ON c.oid = tree.relation
  GROUP BY tree.root`,
);

export interface SubtreeEstimateRow {
  readonly root: string;
  readonly rows: number;
  readonly pages: number;
}

export const decodeSubtreeEstimate: RowDecoder<SubtreeEstimateRow> = row<SubtreeEstimateRow>({ root: text, rows: number, pages: number });
