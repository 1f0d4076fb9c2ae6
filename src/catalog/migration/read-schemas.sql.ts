import type { ReadSchemaPlace } from '../../partition/migration/circumstances.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { boolean, nullable, number, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/** `$1`: names of schemas, `$2`: name of a view, `$3`: its comment. One row each, in their order. */
export const readSchemaPlacesSql: NamedSql = namedSql(
  'read-read-schema-places',
  /* sql */ `
  SELECT
    asked.name AS "schema",
    n.oid IS NOT NULL AS "exists",
    COALESCE(
      pg_catalog.has_schema_privilege(n.oid, 'CREATE'),
      pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
    ) AS "mayCreate",
    EXISTS (
      SELECT FROM pg_catalog.pg_type AS t
      WHERE t.typnamespace = n.oid
        AND t.typname = $2::pg_catalog.text
        AND pg_catalog.obj_description(t.typrelid, 'pg_class') IS DISTINCT FROM $3::pg_catalog.text
    ) OR EXISTS (
      SELECT FROM pg_catalog.pg_class AS c
      WHERE c.relnamespace = n.oid
        AND c.relname = $2::pg_catalog.text
        AND pg_catalog.obj_description(c.oid, 'pg_class') IS DISTINCT FROM $3::pg_catalog.text
    ) AS "isTaken"
  FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS asked (name, ordinal)
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = asked.name
  ORDER BY asked.ordinal`,
);

export const decodeReadSchemaPlace: RowDecoder<ReadSchemaPlace> = row<ReadSchemaPlace>({
  schema: text,
  exists: boolean,
  mayCreate: boolean,
  isTaken: boolean,
});

/** A schema that was asked about and exists. */
export interface ReadSchemaState {
  readonly schema: string;
  readonly comment: string | null;
  readonly hasView: boolean;
  /** Objects in it, without those that belong to others in it. */
  readonly objects: number;
}

/** `$1`: names of schemas, `$2`: name of a view, `$3`: its comment. */
export const readSchemasSql: NamedSql = namedSql(
  'read-read-schemas',
  /* sql */ `
  SELECT
    n.nspname AS "schema",
    pg_catalog.obj_description(n.oid, 'pg_namespace') AS "comment",
    EXISTS (
      SELECT FROM pg_catalog.pg_class AS c
      WHERE c.relnamespace = n.oid
        AND c.relkind = 'v'
        AND c.relname = $2::pg_catalog.text
        AND pg_catalog.obj_description(c.oid, 'pg_class') = $3::pg_catalog.text
    ) AS "hasView",
    (
      SELECT pg_catalog.count(*)
      FROM pg_catalog.pg_depend AS d
      WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
        AND d.refobjid = n.oid
        AND d.deptype = 'n'
    ) AS "objects"
  FROM pg_catalog.pg_namespace AS n
  WHERE n.nspname = ANY($1::pg_catalog.text[])`,
);

export const decodeReadSchema: RowDecoder<ReadSchemaState> = row<ReadSchemaState>({
  schema: text,
  comment: nullable(text),
  hasView: boolean,
  objects: number,
});
