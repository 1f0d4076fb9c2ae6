import { type NamedSql, namedSql } from '../../../postgres/named-sql.ts';
import { list, type RowDecoder, row, text } from '../../../postgres/row-decoder.ts';

/** What may change rows as they are written to a table. */
export interface Meddlers {
  /** `trigger stamp of public.revenues_partitioned`, by name. */
  readonly found: readonly string[];
}

/**
 * `$1`: the table's name as SQL, `$2`: how the names of triggers and rules begin that are our own. Of the table and its partitions, those that are on
 * for an ordinary session; not those of constraints and not a partition's copies of its parent's. One row, no locks.
 */
export const meddlersSql: NamedSql = namedSql(
  'read-meddlers',
  /* sql */ `
  WITH RECURSIVE tree (oid) AS (
    SELECT pg_catalog.to_regclass($1::pg_catalog.text)::pg_catalog.oid
    UNION ALL
    SELECT i.inhrelid
    FROM tree
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.oid
  )
  SELECT ARRAY(
    SELECT pg_catalog.format('%s %I of %I.%I', m.kind, m.name, n.nspname, c.relname)
    FROM (
      SELECT 'trigger' AS kind, t.tgname AS name, t.tgrelid AS relation
      FROM pg_catalog.pg_trigger AS t
      WHERE NOT t.tgisinternal
        AND t.tgparentid = 0
        AND t.tgenabled IN ('O', 'A')
      UNION ALL
      SELECT 'rule', r.rulename, r.ev_class
      FROM pg_catalog.pg_rewrite AS r
      WHERE r.ev_type <> '1'
        AND r.ev_enabled IN ('O', 'A')
    ) AS m
    JOIN tree ON tree.oid = m.relation
    JOIN pg_catalog.pg_class AS c ON c.oid = m.relation
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT FROM pg_catalog.unnest($2::pg_catalog.text[]) AS o (own) WHERE m.name ^@ o.own)
    ORDER BY n.nspname, c.relname, m.name
  ) AS "found"`,
);

export const decodeMeddlers: RowDecoder<Meddlers> = row<Meddlers>({ found: list(text) });
