import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/** `$1`: oids that the journal remembers. One row per oid that still is a relation. */
export const detachedRelationsSql: NamedSql = namedSql(
  'read-detached-relations',
  /* sql */ `
  SELECT
    c.oid::pg_catalog.text AS "oid",
    n.nspname AS "schema",
    c.relname AS "name",
    c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AS "isLooseTable"
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = ANY ($1::pg_catalog.oid[])`,
);

export interface DetachedRelationRow {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** A table, and not attached to anything. */
  readonly isLooseTable: boolean;
}

export const decodeDetachedRelation: RowDecoder<DetachedRelationRow> = row<DetachedRelationRow>({
  oid: text,
  schema: text,
  name: text,
  isLooseTable: boolean,
});
