import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { boolean, list, nullable, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/** A partition that takes part, as it is now. */
export interface RegrainRelation {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly parentOid: string | null;
  readonly isDetachPending: boolean;
  /** Those of migrations. */
  readonly triggers: readonly string[];
  /** Name of the CHECK of the bound, and whether it was validated; null: there is none. */
  readonly check: string | null;
  readonly isCheckValid: boolean;
}

/** `$1` oids of the sources, `$2` and `$3` schemas and names of the targets, `$4` name of the CHECK, `$5` the migration's id. */
export const regrainRelationsSql: NamedSql = namedSql(
  'read-regrain-relations',
  /* sql */ `
  SELECT
    c.oid::pg_catalog.text AS "oid",
    n.nspname AS "schema",
    c.relname AS "name",
    i.inhparent::pg_catalog.text AS "parentOid",
    COALESCE(i.inhdetachpending, false) AS "isDetachPending",
    ARRAY(
      SELECT t.tgname::pg_catalog.text
      FROM pg_catalog.pg_trigger AS t
      WHERE t.tgrelid = c.oid
        AND (t.tgname ^@ ('partitiond_capture_' || $5::pg_catalog.text || '_') OR t.tgname ^@ ('partitiond_guard_' || $5::pg_catalog.text || '_'))
      ORDER BY t.tgname
    ) AS "triggers",
    k.conname AS "check",
    COALESCE(k.convalidated, false) AS "isCheckValid"
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = c.oid
  LEFT JOIN pg_catalog.pg_constraint AS k ON k.conrelid = c.oid AND k.conname = $4::pg_catalog.text
  WHERE c.oid = ANY ($1::pg_catalog.oid[])
    OR (n.nspname, c.relname) IN (
      SELECT u.schema, u.name FROM ROWS FROM (pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.text[])) AS u (schema, name)
    )
  ORDER BY c.oid`,
);

export const decodeRegrainRelation: RowDecoder<RegrainRelation> = row<RegrainRelation>({
  oid: text,
  schema: text,
  name: text,
  parentOid: nullable(text),
  isDetachPending: boolean,
  triggers: list(text),
  check: nullable(text),
  isCheckValid: boolean,
});
