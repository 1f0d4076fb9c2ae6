import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, type RowDecoder, row } from '../postgres/row-decoder.ts';

/**
 * `$1`: a partitioned table; `$2`, `$3`: names of relations and of functions that a query has. Whether it may read the table: it names the
 * table, a partition or a parent of it, a view of whatever, or a function that is not PostgreSQL's own; in whichever schema, as in doubt
 * it may. One row, no lock.
 */
export const mayReadSql: NamedSql = namedSql(
  'may-read',
  /* sql */ `
  SELECT
    EXISTS (
      SELECT 1
      FROM pg_catalog.pg_class AS c
      WHERE c.relname = ANY ($2::pg_catalog.name[]) AND (
        c.relkind = 'v'
        OR c.oid IN (SELECT t.relid FROM pg_catalog.pg_partition_tree($1::pg_catalog.oid) AS t)
        OR c.oid IN (SELECT a.relid FROM pg_catalog.pg_partition_ancestors($1::pg_catalog.oid) AS a)
      )
    )
    OR EXISTS (
      SELECT 1
      FROM pg_catalog.pg_proc AS p
      WHERE p.proname = ANY ($3::pg_catalog.name[]) AND p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace
    ) AS "mayRead"`,
);

export const decodeMayRead: RowDecoder<{ readonly mayRead: boolean }> = row({ mayRead: boolean });
