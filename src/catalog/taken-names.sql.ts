import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { number, type RowDecoder, row } from '../postgres/row-decoder.ts';

/**
 * `$1`, `$2`, `$3`: schemas, names, and the oids of the tables that want them for a partition, aligned. One row per name that CREATE TABLE
 * could not use: every table also makes a type of its name, so a type is in the way too, unless it is an array type, which PostgreSQL renames
 * out of the way. A name that a partition of that very table has by now is left out: it was made since the table was read, so nobody will
 * want the name any more.
 */
export const takenNamesSql: NamedSql = namedSql(
  'read-taken-names',
  /* sql */ `
  SELECT
    wanted.ordinal AS "ordinal"
  FROM ROWS FROM (
    pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.oid[])
  ) WITH ORDINALITY AS wanted (schema, name, parent, ordinal)
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = wanted.schema
  WHERE EXISTS (
      SELECT
      FROM pg_catalog.pg_class AS c
      WHERE c.relnamespace = n.oid
        AND c.relname = wanted.name
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid AND i.inhparent = wanted.parent)
    )
    OR EXISTS (
      SELECT
      FROM pg_catalog.pg_type AS t
      WHERE t.typnamespace = n.oid
        AND t.typname = wanted.name
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS element WHERE element.oid = t.typelem AND element.typarray = t.oid)
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = t.typrelid AND i.inhparent = wanted.parent)
    )`,
);

export interface TakenNameRow {
  /** 1-based place in the request. */
  readonly ordinal: number;
}

export const decodeTakenName: RowDecoder<TakenNameRow> = row<TakenNameRow>({ ordinal: number });
