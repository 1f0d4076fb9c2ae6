import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/** What follows USING is the same for two indexes that do the same; `i` is of pg_index, `c` its pg_class row. */
function definition(index: string, relation: string): string {
  return `(
    SELECT pg_catalog.substr(
      pg_catalog.pg_get_indexdef(${index}.indexrelid),
      pg_catalog.length(pg_catalog.format(
        'CREATE %sINDEX %I ON %s%I.%I ',
        CASE WHEN ${index}.indisunique THEN 'UNIQUE ' ELSE '' END,
        ${relation}.relname,
        CASE ${relation}.relkind WHEN 'I' THEN 'ONLY ' ELSE '' END,
        dn.nspname,
        dc.relname
      )) + 1
    )
    FROM pg_catalog.pg_class AS dc
    JOIN pg_catalog.pg_namespace AS dn ON dn.oid = dc.relnamespace
    WHERE dc.oid = ${index}.indrelid
  )`;
}

/**
 * `$1`: oids of partitioned tables. One row for each of them and of their partitions with something to tell; a partition answers for all
 * below it. One query for all: what is unhealthy is rare, and found in one pass over pg_index.
 * An index counts when it is invalid, unless it is being built now: then a session that pg_stat_progress_create_index lists holds
 * ShareUpdateExclusiveLock on its table, as CREATE INDEX and REINDEX CONCURRENTLY do from beginning to end; what of that view is hidden
 * from the role, the index, is taken for the one that is meant. And it counts when it is unattached: a partition's valid index with the
 * definition (as pg_get_indexdef prints it) and uniqueness of an index of its parent that has no attached child on this partition.
 * `isIncomplete`: some index of a parent has no attached child on a relation that should have one. Only an invalid index of a parent can
 * lack one (it becomes valid with the last), so nobody else is looked through; foreign tables have no indexes, and a partition whose detach
 * is pending is leaving. Further indexes of a partition alone are nobody's business. Reads catalogs, pg_locks and progress; locks no
 * relation. Source: postgresql.org/docs/18/sql-alterindex.html (ATTACH PARTITION).
 */
export const indexHealthSql: NamedSql = namedSql(
  'read-index-health',
  /* sql */ `
  WITH RECURSIVE
    tree AS (
      SELECT i.inhrelid AS root, i.inhrelid AS relation
      FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS w (oid)
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent = w.oid
      UNION ALL
      SELECT tree.root, i.inhrelid
      FROM tree
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.relation
    ),
    looked AS (
      SELECT tree.root, tree.relation FROM tree
      UNION ALL
      SELECT w.oid, w.oid FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS w (oid)
    ),
    building AS MATERIALIZED (
      SELECT l.relation, CASE WHEN p.command LIKE 'CREATE %' THEN NULLIF(p.index_relid, 0) END AS index
      FROM pg_catalog.pg_stat_progress_create_index AS p
      JOIN pg_catalog.pg_locks AS l ON l.pid = p.pid AND l.database = p.datid
      WHERE p.datname = pg_catalog.current_database()
        AND l.locktype = 'relation'
        AND l.mode = 'ShareUpdateExclusiveLock'
        AND l.granted
    ),
    lacking AS MATERIALIZED (
      SELECT tree.root, tree.relation, x.indexrelid AS index
      FROM tree
      JOIN pg_catalog.pg_class AS c ON c.oid = tree.relation AND c.relkind IN ('r', 'p')
      JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = tree.relation AND NOT i.inhdetachpending
      JOIN pg_catalog.pg_index AS x ON x.indrelid = i.inhparent AND NOT x.indisvalid
      JOIN pg_catalog.pg_class AS xc ON xc.oid = x.indexrelid AND xc.relkind = 'I'
      WHERE NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_index AS own
        JOIN pg_catalog.pg_inherits AS attached ON attached.inhrelid = own.indexrelid
        WHERE own.indrelid = tree.relation
          AND attached.inhparent = x.indexrelid
      )
    ),
    unhealthy AS (
      SELECT looked.root, x.indexrelid
      FROM looked
      JOIN pg_catalog.pg_index AS x ON x.indrelid = looked.relation
      WHERE NOT x.indisvalid
        AND NOT EXISTS (
          SELECT FROM building AS b WHERE b.relation = x.indrelid AND COALESCE(b.index, x.indexrelid) = x.indexrelid
        )
      UNION
      SELECT lacking.root, own.indexrelid
      FROM lacking
      JOIN pg_catalog.pg_index AS wanted ON wanted.indexrelid = lacking.index
      JOIN pg_catalog.pg_class AS wc ON wc.oid = wanted.indexrelid
      JOIN pg_catalog.pg_index AS own ON own.indrelid = lacking.relation AND own.indisunique = wanted.indisunique AND own.indisvalid
      JOIN pg_catalog.pg_class AS oc ON oc.oid = own.indexrelid AND NOT oc.relispartition
      WHERE ${definition('own', 'oc')} = ${definition('wanted', 'wc')}
    )
  SELECT
    found.root::pg_catalog.text AS "oid",
    pg_catalog.sum(found.indexes) AS "indexes",
    pg_catalog.bool_or(found.is_incomplete) AS "isIncomplete"
  FROM (
    SELECT unhealthy.root, 1 AS indexes, false AS is_incomplete FROM unhealthy
    UNION ALL
    SELECT lacking.root, 0, true FROM lacking
  ) AS found
  GROUP BY found.root`,
);

export interface IndexHealthRow {
  readonly oid: string;
  /** Invalid or unattached ones; of a partition with all below it, of a partitioned table alone. */
  readonly indexes: number;
  readonly isIncomplete: boolean;
}

export const decodeIndexHealth: RowDecoder<IndexHealthRow> = row<IndexHealthRow>({ oid: text, indexes: number, isIncomplete: boolean });
