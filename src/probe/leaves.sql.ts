import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/**
 * `$1`: oids of partitions that are partitioned themselves. One row per leaf below them, in the order of their names. A walk through
 * pg_inherits takes no lock on any of them, unlike pg_partition_tree (AccessShareLock on each, find_all_inheritors).
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
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.relation
  )
  SELECT tree.root::pg_catalog.text AS "root", n.nspname AS "schema", c.relname AS "name"
  FROM tree
  JOIN pg_catalog.pg_class AS c ON c.oid = tree.relation
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind <> 'p'
  ORDER BY n.nspname, c.relname`,
);

export interface LeafRow {
  /** Oid of the partition that it belongs to. */
  readonly root: string;
  readonly schema: string;
  readonly name: string;
}

export const decodeLeaf: RowDecoder<LeafRow> = row<LeafRow>({ root: text, schema: text, name: text });
