import type { SideCatalog, SideConstraint, SideIndex } from '../../../partition/migration/side-catalog.ts';
import { type NamedSql, namedSql } from '../../../postgres/named-sql.ts';
import { json, list, type RowDecoder, row, text } from '../../../postgres/row-decoder.ts';
import { plainConstraintSql } from '../definition/constraints.sql.ts';

/** Key `place` (from 0) of the index `x`; collation, operator class and order only where they are not the database's usual ones. */
const keySql = /* sql */ `pg_catalog.concat(
            pg_catalog.pg_get_indexdef(x.indexrelid, place + 1, false),
            (
              SELECT pg_catalog.format(' COLLATE %I.%I', cn.nspname, co.collname)
              FROM pg_catalog.pg_collation AS co
              JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
              WHERE co.oid = x.indcollation[place]
                AND co.oid <> 'pg_catalog."default"'::pg_catalog.regcollation
            ),
            (
              SELECT pg_catalog.format(' %I.%I', opn.nspname, op.opcname)
              FROM pg_catalog.pg_opclass AS op
              JOIN pg_catalog.pg_namespace AS opn ON opn.oid = op.opcnamespace
              WHERE op.oid = x.indclass[place]
                AND NOT op.opcdefault
            ),
            (
              SELECT pg_catalog.format(
                ' (%s)', pg_catalog.string_agg(pg_catalog.format('%I=%L', o.option_name, o.option_value), ', ' ORDER BY o.option_name)
              )
              FROM pg_catalog.pg_options_to_table(own.attoptions) AS o
              HAVING pg_catalog.count(*) > 0
            ),
            CASE WHEN x.indoption[place] & 1 <> 0 THEN ' DESC' END,
            CASE
              WHEN x.indoption[place] & 3 = 2 THEN ' NULLS FIRST'
              WHEN x.indoption[place] & 3 = 1 THEN ' NULLS LAST'
            END,
            (
              SELECT pg_catalog.format(' WITH %s.%s', pn.nspname, o.oprname)
              FROM pg_catalog.pg_operator AS o
              JOIN pg_catalog.pg_namespace AS pn ON pn.oid = o.oprnamespace
              WHERE k.contype = 'x'
                AND o.oid = k.conexclop[place + 1]
            )
          )`;

/**
 * `$1`: oid of a relation, ordinary or partitioned. At most one row. Texts hold the relation's name wherever PostgreSQL prints it. Rights are read
 * with the owner's defaults spelled out, so that no list and a full list compare equal. An inherited constraint is the parent's, and read there; a
 * foreign key that each partition has by itself counts as the table's: before PostgreSQL 18 a partitioned table has none that is NOT VALID.
 */
export const sideCatalogSql: NamedSql = namedSql(
  'read-side-catalog',
  /* sql */ `
  SELECT
    t.oid::pg_catalog.text AS "oid",
    n.nspname AS "schema",
    t.relname AS "name",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', xc.relname,
        'constraint', CASE k.contype WHEN 'p' THEN 'primary' WHEN 'u' THEN 'unique' WHEN 'x' THEN 'exclusion' END,
        'isUnique', x.indisunique,
        'isValid', x.indisvalid,
        'method', am.amname,
        'keys', ARRAY(
          SELECT ${keySql}
          FROM pg_catalog.generate_series(0, x.indnkeyatts - 1) AS place
          JOIN pg_catalog.pg_attribute AS own ON own.attrelid = x.indexrelid AND own.attnum = place + 1
          ORDER BY place
        ),
        'included', ARRAY(
          SELECT pg_catalog.pg_get_indexdef(x.indexrelid, place + 1, false)
          FROM pg_catalog.generate_series(x.indnkeyatts, x.indnatts - 1) AS place
          ORDER BY place
        ),
        'rest', pg_catalog.array_remove(ARRAY[
          CASE WHEN (pg_catalog.to_jsonb(x) ->> 'indnullsnotdistinct')::pg_catalog.bool THEN 'NULLS NOT DISTINCT' END,
          CASE WHEN (pg_catalog.to_jsonb(k) ->> 'conperiod')::pg_catalog.bool THEN 'WITHOUT OVERLAPS' END,
          CASE WHEN NOT x.indimmediate THEN 'DEFERRABLE' || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END END,
          (
            SELECT 'WITH (' || pg_catalog.string_agg(pg_catalog.format('%I=%s', o.option_name, o.option_value), ', ' ORDER BY o.option_name) || ')'
            FROM pg_catalog.pg_options_to_table(xc.reloptions) AS o
            HAVING pg_catalog.count(*) > 0
          ),
          'WHERE (' || pg_catalog.pg_get_expr(x.indpred, x.indrelid) || ')'
        ], NULL)
      ))
      FROM pg_catalog.pg_index AS x
      JOIN pg_catalog.pg_class AS xc ON xc.oid = x.indexrelid
      JOIN pg_catalog.pg_am AS am ON am.oid = xc.relam
      LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u', 'x')
      WHERE x.indrelid = t.oid
    ), '[]'::pg_catalog.json) AS "indexes",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', c.name, 'kind', c.kind, 'definition', c.definition, 'isValid', c.is_valid
      ))
      FROM (
        SELECT
          k.conname AS name,
          CASE k.contype WHEN 'c' THEN 'check' ELSE 'foreign-key' END AS kind,
          ${plainConstraintSql} AS definition,
          k.convalidated AS is_valid
        FROM pg_catalog.pg_constraint AS k
        WHERE k.conrelid = t.oid
          AND k.contype IN ('c', 'f')
          AND k.conparentid = 0
        UNION ALL
        SELECT
          k.conname,
          'foreign-key',
          ${plainConstraintSql},
          pg_catalog.bool_and(k.convalidated)
        FROM pg_catalog.pg_partition_tree(t.oid) AS tree
        JOIN pg_catalog.pg_constraint AS k ON k.conrelid = tree.relid
        WHERE tree.isleaf
          AND tree.level > 0
          AND k.contype = 'f'
          AND k.conparentid = 0
        GROUP BY 1, 3
        HAVING pg_catalog.count(*) = (
          SELECT pg_catalog.count(*) FROM pg_catalog.pg_partition_tree(t.oid) AS every WHERE every.isleaf AND every.level > 0
        )
        UNION ALL
        SELECT
          COALESCE(k.conname, a.attname),
          'not-null',
          pg_catalog.format('NOT NULL %I', a.attname),
          COALESCE(k.convalidated, true)
        FROM pg_catalog.pg_attribute AS a
        LEFT JOIN pg_catalog.pg_constraint AS k ON k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey[1] = a.attnum
        WHERE a.attrelid = t.oid
          AND a.attnum > 0
          AND NOT a.attisdropped
          AND a.attnotnull
      ) AS c
    ), '[]'::pg_catalog.json) AS "constraints",
    ARRAY(
      SELECT pg_catalog.format(
        '%s%s TO %s%s',
        acl.privilege_type,
        CASE WHEN acl.attname IS NOT NULL THEN pg_catalog.format(' (%I)', acl.attname) END,
        CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(acl.grantee)) END,
        CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' END
      )
      FROM (
        SELECT x.grantee, x.privilege_type, pg_catalog.bool_or(x.is_grantable) AS is_grantable, NULL::pg_catalog.name AS attname
        FROM pg_catalog.aclexplode(COALESCE(t.relacl, pg_catalog.acldefault('r', t.relowner))) AS x
        GROUP BY x.grantee, x.privilege_type
        UNION ALL
        SELECT x.grantee, x.privilege_type, pg_catalog.bool_or(x.is_grantable), a.attname
        FROM pg_catalog.pg_attribute AS a
        CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) AS x
        WHERE a.attrelid = t.oid
          AND a.attnum > 0
          AND NOT a.attisdropped
        GROUP BY x.grantee, x.privilege_type, a.attname
      ) AS acl
      UNION ALL
      SELECT pg_catalog.format('OWNER %I', pg_catalog.pg_get_userbyid(t.relowner))
      ORDER BY 1
    ) AS "grants",
    ARRAY(
      SELECT pg_catalog.concat(
        pg_catalog.format('POLICY %I AS ', p.polname),
        CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
        ' FOR ',
        CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        ' TO ',
        (
          SELECT pg_catalog.string_agg(role.name, ', ' ORDER BY role.name)
          FROM pg_catalog.unnest(p.polroles) AS r (oid)
          CROSS JOIN LATERAL (
            SELECT CASE WHEN r.oid = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r.oid)) END AS name
          ) AS role
        ),
        ' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
        ' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')'
      )
      FROM pg_catalog.pg_policy AS p
      WHERE p.polrelid = t.oid
      UNION ALL
      SELECT 'ROW SECURITY ENABLED' WHERE t.relrowsecurity
      UNION ALL
      SELECT 'ROW SECURITY FORCED' WHERE t.relforcerowsecurity
      ORDER BY 1
    ) AS "policies"
  FROM pg_catalog.pg_class AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  WHERE t.oid = $1::pg_catalog.oid`,
);

/** As the catalog has it: with the relation's own name in texts, in no fixed order, without descriptions. */
export interface SideCatalogRow extends Pick<SideCatalog, 'oid' | 'grants' | 'policies' | 'constraints'> {
  readonly schema: string;
  readonly name: string;
  readonly indexes: readonly Omit<SideIndex, 'description'>[];
}

export const decodeSideCatalog: RowDecoder<SideCatalogRow> = row<SideCatalogRow>({
  oid: text,
  schema: text,
  name: text,
  indexes: json((value) => value as SideCatalogRow['indexes']),
  constraints: json((value) => value as readonly SideConstraint[]),
  grants: list(text),
  policies: list(text),
});
