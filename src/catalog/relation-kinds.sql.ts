import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, nullable, number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/** `$1`, `$2`: schemas and names, aligned. One row each, also for names that nothing has. Locks no relation. */
export const relationKindsSql: NamedSql = namedSql(
  'read-relation-kinds',
  /* sql */ `
  SELECT
    w.ordinal AS "ordinal",
    c.relkind AS "relkind",
    COALESCE(c.relispartition, false) AS "isPartition"
  FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]))
    WITH ORDINALITY AS w (schema, name, ordinal)
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.schema
  LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name
  ORDER BY w.ordinal`,
);

export interface RelationKindRow {
  /** 1-based place in the request. */
  readonly ordinal: number;
  /** Null: nothing has the name. */
  readonly relkind: string | null;
  readonly isPartition: boolean;
}

export const decodeRelationKind: RowDecoder<RelationKindRow> = row<RelationKindRow>({
  ordinal: number,
  relkind: nullable(text),
  isPartition: boolean,
});

/** `$1`: schema of the journal, `$2`: how many at most. Names of tables of users, for "did you mean". */
export const tableNamesSql: NamedSql = namedSql(
  'read-table-names',
  /* sql */ `
  SELECT n.nspname AS "schema", c.relname AS "name"
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p')
    AND NOT c.relispartition
    AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', $1)
    AND NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_toast')
  ORDER BY n.nspname, c.relname
  LIMIT $2::pg_catalog.int8`,
);

export const decodeTableName: RowDecoder<{ readonly schema: string; readonly name: string }> = row<{
  readonly schema: string;
  readonly name: string;
}>({ schema: text, name: text });
