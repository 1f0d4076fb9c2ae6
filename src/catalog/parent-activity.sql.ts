import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/**
 * `$1`: oids of partitioned tables. When each was analysed as a whole, which autovacuum never does
 * (postgresql.org/docs/18/sql-analyze.html).
 */
export const parentActivitySql: NamedSql = namedSql(
  'read-parent-activity',
  /* sql */ `
  SELECT
    w.oid::pg_catalog.text AS "oid",
    COALESCE(pg_catalog.floor(EXTRACT(epoch FROM GREATEST(
      pg_catalog.pg_stat_get_last_analyze_time(w.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(w.oid)
    ))), 0) AS "analyzedAt"
  FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS w (oid)`,
);

export interface ParentActivityRow {
  readonly oid: string;
  /** Seconds since 1970; 0: never. */
  readonly analyzedAt: number;
}

export const decodeParentActivity: RowDecoder<ParentActivityRow> = row<ParentActivityRow>({ oid: text, analyzedAt: number });
