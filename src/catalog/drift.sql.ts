import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/** Grants on a relation and its columns as text that compares; those of its owner follow the ownership and are left out. */
function grantsOf(relation: string): string {
  return `(
    SELECT pg_catalog.string_agg(g.line, E'\\n' ORDER BY g.line COLLATE pg_catalog."C")
    FROM (
      SELECT DISTINCT pg_catalog.concat_ws(' ', x.grantee, x.privilege_type, x.is_grantable, x.attname) AS line
      FROM (
        SELECT t.grantee, t.privilege_type, t.is_grantable, NULL::pg_catalog.name AS attname
        FROM pg_catalog.aclexplode(${relation}.relacl) AS t
        UNION ALL
        SELECT t.grantee, t.privilege_type, t.is_grantable, a.attname
        FROM pg_catalog.pg_attribute AS a
        CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) AS t
        WHERE a.attrelid = ${relation}.oid
          AND a.attnum > 0
          AND NOT a.attisdropped
          AND a.attacl IS NOT NULL
      ) AS x
      WHERE x.grantee <> ${relation}.relowner
    ) AS g
  )`;
}

/** Storage parameters of a table and its TOAST table, in the order of their names. */
function optionsOf(relation: string): string {
  return `(
    SELECT pg_catalog.string_agg(o.line, E'\\n' ORDER BY o.line COLLATE pg_catalog."C")
    FROM (
      SELECT own.option AS line FROM pg_catalog.unnest(${relation}.reloptions) AS own (option)
      UNION ALL
      SELECT pg_catalog.concat('toast.', toasted.option)
      FROM pg_catalog.pg_class AS toast
      CROSS JOIN LATERAL pg_catalog.unnest(toast.reloptions) AS toasted (option)
      WHERE toast.oid = ${relation}.reltoastrelid
    ) AS o
  )`;
}

/** The index of the parent to which the identity index of a relation is attached; null where there is none. */
function identityParentOf(relation: string): string {
  return `(
    SELECT attached.inhparent
    FROM pg_catalog.pg_index AS x
    JOIN pg_catalog.pg_inherits AS attached ON attached.inhrelid = x.indexrelid
    WHERE x.indrelid = ${relation}.oid
      AND x.indisreplident
  )`;
}

/**
 * `$1`: oids of partitions, `$2`: the newest sibling of each (`newestSibling`), null where there is none; aligned. One row for each
 * partition that differs, or below which something differs from its own parent. A partition whose detach is pending is leaving and is not
 * compared.
 * - owner: another role than the parent's.
 * - acl: other grants, on the relation or on columns by name, whoever granted them, more of them as well as fewer. Those of each one's own
 *   owner are left out.
 * - constraint: a CHECK or FOREIGN KEY of the partition alone, by which it refuses rows that the parent takes. PostgreSQL itself keeps the
 *   parent's in place. A CHECK on nothing but key columns is how a table is prepared for ATTACH; unique ones are indexes, and a partition
 *   may have further ones.
 * - storage: other storage parameters (of the TOAST table too) than the newest sibling, from which new partitions take theirs: a
 *   partitioned table cannot have any. Only for partitions that are tables.
 * - replica-identity: another one than the parent's; where the parent has the default, than the newest sibling's, as for new partitions
 *   (template.sql.ts). Identity indexes are alike when they are attached to the same index, or none of them is attached.
 * What indexes are missing is told by index-health.sql.ts. Reads catalogs alone and locks no relation. OFFSET 0 keeps the look-up of each
 * relation by index; the plan was a scan of all of pg_class in each batch.
 */
export const driftSql: NamedSql = namedSql(
  'read-drift',
  /* sql */ `
  WITH RECURSIVE
    tree AS (
      SELECT w.oid AS root, w.sibling, i.inhparent AS parent, w.oid AS relation
      FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.oid[])) AS w (oid, sibling)
      JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = w.oid AND NOT i.inhdetachpending
      UNION ALL
      SELECT tree.root, NULL::pg_catalog.oid, i.inhparent, i.inhrelid
      FROM tree
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.relation AND NOT i.inhdetachpending
    ),
    parents AS MATERIALIZED (
      SELECT
        p.oid,
        p.relowner,
        p.relreplident,
        ${grantsOf('p')} AS grants,
        (SELECT x.indexrelid FROM pg_catalog.pg_index AS x WHERE x.indrelid = p.oid AND x.indisreplident) AS identity,
        ARRAY(
          SELECT a.attname
          FROM pg_catalog.pg_partitioned_table AS t
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.partrelid AND a.attnum = ANY (t.partattrs::pg_catalog.int2[])
          WHERE t.partrelid = p.oid
        ) AS keys
      FROM (SELECT DISTINCT tree.parent AS oid FROM tree) AS wanted
      CROSS JOIN LATERAL (
        SELECT k.oid, k.relowner, k.relacl, k.relreplident FROM pg_catalog.pg_class AS k WHERE k.oid = wanted.oid OFFSET 0
      ) AS p
    ),
    siblings AS MATERIALIZED (
      SELECT s.oid, s.relreplident, ${optionsOf('s')} AS options, ${identityParentOf('s')} AS identity
      FROM (SELECT DISTINCT tree.sibling AS oid FROM tree) AS wanted
      CROSS JOIN LATERAL (
        SELECT k.oid, k.relreplident, k.reloptions, k.reltoastrelid FROM pg_catalog.pg_class AS k WHERE k.oid = wanted.oid OFFSET 0
      ) AS s
    ),
    compared AS (
      SELECT
        tree.root,
        c.relowner <> p.relowner AS owner,
        ${grantsOf('c')} IS DISTINCT FROM p.grants AS acl,
        EXISTS (
          SELECT
          FROM pg_catalog.pg_constraint AS k
          WHERE k.conrelid = c.oid
            AND k.contype IN ('c', 'f')
            AND k.conparentid = 0
            AND k.coninhcount = 0
            AND NOT (
              k.contype = 'c'
              AND k.conkey IS NOT NULL
              AND k.conkey <@ ARRAY(SELECT a.attnum FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = ANY (p.keys))
            )
        ) AS constraint,
        c.relkind = 'r' AND s.oid IS NOT NULL AND ${optionsOf('c')} IS DISTINCT FROM s.options AS storage,
        CASE
          WHEN c.relkind NOT IN ('r', 'p') THEN false
          WHEN p.relreplident <> 'd' THEN
            c.relreplident <> p.relreplident OR (p.relreplident = 'i' AND ${identityParentOf('c')} IS DISTINCT FROM p.identity)
          WHEN c.relkind = 'r' AND s.oid IS NOT NULL THEN
            c.relreplident <> s.relreplident OR (s.relreplident = 'i' AND ${identityParentOf('c')} IS DISTINCT FROM s.identity)
          ELSE false
        END AS replica_identity
      FROM tree
      JOIN parents AS p ON p.oid = tree.parent
      CROSS JOIN LATERAL (
        SELECT k.oid, k.relkind, k.relowner, k.relacl, k.relreplident, k.reloptions, k.reltoastrelid
        FROM pg_catalog.pg_class AS k
        WHERE k.oid = tree.relation
        OFFSET 0
      ) AS c
      LEFT JOIN siblings AS s ON s.oid = tree.sibling
    )
  SELECT
    compared.root::pg_catalog.text AS "oid",
    pg_catalog.bool_or(compared.owner) AS "owner",
    pg_catalog.bool_or(compared.acl) AS "acl",
    pg_catalog.bool_or(compared.constraint) AS "constraint",
    pg_catalog.bool_or(compared.storage) AS "storage",
    pg_catalog.bool_or(compared.replica_identity) AS "replica-identity"
  FROM compared
  GROUP BY compared.root
  HAVING pg_catalog.bool_or(
    compared.owner OR compared.acl OR compared.constraint OR compared.storage OR compared.replica_identity
  )`,
);

export interface DriftRow {
  readonly oid: string;
  readonly owner: boolean;
  readonly acl: boolean;
  readonly constraint: boolean;
  readonly storage: boolean;
  readonly 'replica-identity': boolean;
}

export const decodeDrift: RowDecoder<DriftRow> = row<DriftRow>({
  oid: text,
  owner: boolean,
  acl: boolean,
  constraint: boolean,
  storage: boolean,
  'replica-identity': boolean,
});
