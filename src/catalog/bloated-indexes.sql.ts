import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/** CTE `above (relation, parent)`: all that lies above the tables of the indexes in the CTE `of (indrelid)`, as far as no detach is pending. */
export function ancestry(of: string): string {
  return `above AS (
      SELECT below_it.indrelid AS relation, i.inhparent AS parent
      FROM (SELECT DISTINCT x.indrelid FROM ${of} AS x) AS below_it
      JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = below_it.indrelid AND NOT i.inhdetachpending
      UNION ALL
      SELECT above.relation, i.inhparent
      FROM above
      JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = above.parent AND NOT i.inhdetachpending
    )`;
}

/**
 * `$1` to `$3`, aligned: oids of partitioned tables; from how many bytes an index below is looked at, and from which share of waste it is of interest
 * (null: never). `$4`: the smallest of those sizes. One row for each B-tree of interest. The search begins at large indexes, found in one pass over
 * pg_class, and goes up from there to the tables. Locks no relation: sizes and rows are those that VACUUM, ANALYZE and the build left in pg_class.
 *
 * Waste is the pages that the index has less those that its rows would need if it was made anew. A row needs its header (8 bytes), its columns, each
 * rounded up to the strictest alignment among them, all rounded up to 8, and a line pointer (4). A page gives its size less 40 bytes, filled up to
 * the fillfactor; pages above the leaves hold a row for each page below. Columns of variable width have the average width that ANALYZE found,
 * where the role may see it (pg_stats); otherwise nothing is known, and nothing told. Each rounding errs to more needed pages, and so does that a
 * B-tree stores equal keys once (deduplication, 13) and nulls nowhere.
 * Sources: src/include/access/itup.h and nbtree.h; postgresql.org/docs/18/view-pg-stats.html.
 */
export const bloatedIndexesSql: NamedSql = namedSql(
  'read-bloated-indexes',
  /* sql */ `
  WITH RECURSIVE
    wanted AS MATERIALIZED (
      SELECT w.oid, w.bytes / b.size AS pages, w.bloat
      FROM ROWS FROM (
        pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.float8[]), pg_catalog.unnest($3::pg_catalog.float8[])
      ) AS w (oid, bytes, bloat)
      CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::pg_catalog.float8 AS size) AS b
    ),
    large AS MATERIALIZED (
      SELECT x.indexrelid, x.indrelid, x.indkey, xc.relpages, xc.reltuples, xc.reloptions
      FROM pg_catalog.pg_class AS xc
      JOIN pg_catalog.pg_index AS x ON x.indexrelid = xc.oid
      JOIN pg_catalog.pg_am AS am ON am.oid = xc.relam AND am.amname = 'btree'
      WHERE xc.relkind = 'i'
        AND xc.relpages >= $4::pg_catalog.float8 / pg_catalog.current_setting('block_size')::pg_catalog.float8
        AND xc.reltuples >= 0
    ),
    ${ancestry('large')},
    looked AS MATERIALIZED (
      SELECT
        large.*,
        wanted.bloat,
        pg_catalog.current_setting('block_size')::pg_catalog.float8 AS page_bytes,
        (
          SELECT pg_catalog.ceil((8 + pg_catalog.sum(pg_catalog.ceil(w.width / w.alignment) * w.alignment)) / 8) * 8 + 4
          FROM (
            SELECT
              CASE
                WHEN own.attlen > 0 THEN own.attlen::pg_catalog.float8
                ELSE (
                  SELECT s.avg_width
                  FROM pg_catalog.pg_class AS told
                  JOIN pg_catalog.pg_namespace AS n ON n.oid = told.relnamespace
                  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = told.oid
                  JOIN pg_catalog.pg_stats AS s ON s.schemaname = n.nspname AND s.tablename = told.relname AND s.attname = a.attname
                  WHERE told.oid = CASE large.indkey[own.attnum - 1] WHEN 0 THEN large.indexrelid ELSE large.indrelid END
                    AND a.attnum = CASE large.indkey[own.attnum - 1] WHEN 0 THEN own.attnum ELSE large.indkey[own.attnum - 1] END
                    AND NOT s.inherited
                )
              END AS width,
              pg_catalog.max(CASE own.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END) OVER () AS alignment
            FROM pg_catalog.pg_attribute AS own
            WHERE own.attrelid = large.indexrelid
              AND own.attnum > 0
          ) AS w
          HAVING pg_catalog.count(w.width) = pg_catalog.count(*)
        ) AS row_bytes,
        COALESCE(
          (SELECT o.option_value::pg_catalog.float8 FROM pg_catalog.pg_options_to_table(large.reloptions) AS o WHERE o.option_name = 'fillfactor'),
          90
        ) / 100 AS fill
      FROM large
      JOIN above ON above.relation = large.indrelid
      JOIN wanted ON wanted.oid = above.parent AND large.relpages >= wanted.pages
    ),
    estimated AS MATERIALIZED (
      SELECT
        looked.*,
        pg_catalog.ceil(looked.reltuples / GREATEST(pg_catalog.floor((looked.page_bytes - 40) * looked.fill / looked.row_bytes), 1))
          * (1 + 2 * looked.row_bytes / (looked.page_bytes - 40)) + 2 AS needed_pages
      FROM looked
    )
  SELECT
    estimated.indexrelid::pg_catalog.text AS "oid",
    pg_catalog.floor((estimated.relpages - estimated.needed_pages) * estimated.page_bytes) AS "wastedBytes"
  FROM estimated
  WHERE estimated.relpages - estimated.needed_pages > estimated.bloat * estimated.relpages`,
);

export interface BloatedIndexRow {
  readonly oid: string;
  /** An estimate, more than the share that is of interest. */
  readonly wastedBytes: number;
}

export const decodeBloatedIndex: RowDecoder<BloatedIndexRow> = row<BloatedIndexRow>({ oid: text, wastedBytes: number });
