import type { QualifiedName } from '../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, json, list, nullable, number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';
import { keyColumnSql } from './key-column.sql.ts';

/**
 * `$1`, `$2`: schemas and names of the tables, `$3`: the schema that detached tables move to (null where none), all aligned. One row per
 * table, also for those that do not exist. Foreign keys of the tables as a whole only: those that PostgreSQL cloned for single partitions
 * of either side are left out. pg_constraint has no index on confrelid: it is read once for all tables.
 */
export const parentsSql: NamedSql = namedSql(
  'read-parents',
  /* sql */ `
  WITH
    wanted AS MATERIALIZED (
      SELECT w.schema, w.name, w.retention_schema, w.ordinal
      FROM ROWS FROM (
        pg_catalog.unnest($1::pg_catalog.text[]),
        pg_catalog.unnest($2::pg_catalog.text[]),
        pg_catalog.unnest($3::pg_catalog.text[])
      ) WITH ORDINALITY AS w (schema, name, retention_schema, ordinal)
    ),
    incoming AS MATERIALIZED (
      SELECT f.conrelid, f.confrelid
      FROM pg_catalog.pg_constraint AS f
      WHERE f.contype = 'f'
        AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_constraint AS up WHERE up.oid = f.conparentid AND up.confrelid = f.confrelid
        )
    )
  SELECT
    wanted.ordinal AS "ordinal",
    c.oid::pg_catalog.text AS "oid",
    c.relkind AS "relkind",
    ${keyColumnSql.trim()},
    pg_catalog.pg_get_userbyid(c.relowner) AS "owner",
    CURRENT_USER::pg_catalog.text AS "role",
    COALESCE(pg_catalog.pg_has_role(c.relowner, 'USAGE'), false) AS "canActAsOwner",
    COALESCE((SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.oid = c.relowner), false) AS "isOwnerSuperuser",
    COALESCE(pg_catalog.has_table_privilege(c.oid, 'SELECT'), false) AS "canSelect",
    COALESCE(pg_catalog.has_schema_privilege(n.oid, 'USAGE'), false) AS "canUseSchema",
    COALESCE(pg_catalog.has_schema_privilege(n.oid, 'CREATE'), false) AS "canCreateInSchema",
    rn.oid IS NOT NULL AS "hasRetentionSchema",
    COALESCE(pg_catalog.has_schema_privilege(rn.oid, 'USAGE') AND pg_catalog.has_schema_privilege(rn.oid, 'CREATE'), false)
      AS "canCreateInRetentionSchema",
    ARRAY(
      SELECT g.conname::pg_catalog.text
      FROM pg_catalog.pg_constraint AS g
      WHERE g.conrelid = p.partdefid
        AND g.contype = 'c'
        AND pg_catalog.starts_with(g.conname::pg_catalog.text, 'partitiond_guard_')
      ORDER BY g.conname
    ) AS "leftoverGuards",
    COALESCE((
      SELECT pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_array(fn.nspname, fc.relname))
      FROM incoming
      JOIN pg_catalog.pg_class AS fc ON fc.oid = incoming.conrelid
      JOIN pg_catalog.pg_namespace AS fn ON fn.oid = fc.relnamespace
      WHERE incoming.confrelid = c.oid
    ), '[]'::pg_catalog.json) AS "referencedBy",
    p.partdefid <> 0 AND EXISTS (SELECT FROM pg_catalog.pg_publication) AND EXISTS (
      SELECT FROM pg_catalog.pg_publication_tables AS sent
      JOIN pg_catalog.pg_namespace AS sentn ON sentn.nspname = sent.schemaname
      JOIN pg_catalog.pg_class AS sentc ON sentc.relnamespace = sentn.oid AND sentc.relname = sent.tablename
      WHERE sentc.oid IN (c.oid, p.partdefid)
    ) AS "isDefaultPublished",
    COALESCE((
      SELECT pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_array(fn.nspname, fc.relname))
      FROM pg_catalog.pg_constraint AS f
      JOIN pg_catalog.pg_class AS fc ON fc.oid = f.confrelid
      JOIN pg_catalog.pg_namespace AS fn ON fn.oid = fc.relnamespace
      WHERE f.conrelid = c.oid
        AND f.contype = 'f'
        AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_constraint AS up WHERE up.oid = f.conparentid AND up.conrelid = f.conrelid
        )
    ), '[]'::pg_catalog.json) AS "references"
  FROM wanted
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = wanted.schema
  LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.name AND c.relkind NOT IN ('i', 'I', 't', 'S', 'c')
  LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = c.oid
  LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0] AND p.partattrs[0] > 0
  LEFT JOIN pg_catalog.pg_namespace AS rn ON rn.nspname = wanted.retention_schema
  ORDER BY wanted.ordinal`,
);

export interface ParentRow {
  /** 1-based place in the request. */
  readonly ordinal: number;
  /** Null: no such relation. */
  readonly oid: string | null;
  readonly relkind: string | null;
  /** r, l or h; null when it is not partitioned. */
  readonly strategy: string | null;
  readonly keyColumns: number | null;
  /** Null for an expression. */
  readonly keyName: string | null;
  readonly keyType: string | null;
  readonly scale: number | null;
  readonly collation: string | null;
  readonly owner: string | null;
  readonly role: string;
  readonly canActAsOwner: boolean;
  readonly isOwnerSuperuser: boolean;
  readonly canSelect: boolean;
  readonly canUseSchema: boolean;
  readonly canCreateInSchema: boolean;
  readonly hasRetentionSchema: boolean;
  readonly canCreateInRetentionSchema: boolean;
  readonly leftoverGuards: readonly string[];
  readonly referencedBy: readonly QualifiedName[];
  /** Null: it is not partitioned. */
  readonly isDefaultPublished: boolean | null;
  readonly references: readonly QualifiedName[];
}

/** Pairs `[schema, name]`. */
function names(value: unknown): readonly QualifiedName[] {
  return (value as readonly (readonly [string, string])[]).map(([schema, name]) => ({ schema, name }));
}

export const decodeParent: RowDecoder<ParentRow> = row<ParentRow>({
  ordinal: number,
  oid: nullable(text),
  relkind: nullable(text),
  strategy: nullable(text),
  keyColumns: nullable(number),
  keyName: nullable(text),
  keyType: nullable(text),
  scale: nullable(number),
  collation: nullable(text),
  owner: nullable(text),
  role: text,
  canActAsOwner: boolean,
  isOwnerSuperuser: boolean,
  canSelect: boolean,
  canUseSchema: boolean,
  canCreateInSchema: boolean,
  hasRetentionSchema: boolean,
  canCreateInRetentionSchema: boolean,
  leftoverGuards: list(text),
  referencedBy: json(names),
  isDefaultPublished: nullable(boolean),
  references: json(names),
});
