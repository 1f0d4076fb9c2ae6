import { type NamedSql, namedSql } from '../../../postgres/named-sql.ts';
import { type RowDecoder, row, text } from '../../../postgres/row-decoder.ts';

/**
 * What a recorded statement names that belongs to somebody who could not act as this session's role anyway. Planning evaluates immutable
 * functions, and those of a foreign owner would run with the rights of this session, which `SET ROLE` does not take away for good
 * (a function can set it back). Parameters: `$1` who ran the statement, `$2` oids of the managed tables, then names of `$3` functions,
 * `$4` operators, `$5` types, `$6` relations, `$7` fields. Trusted are superusers and those who may act as this session's role or as the
 * owner of a managed table, and what is in pg_catalog. No row where the one who ran it is trusted. Names are compared in all schemas: a
 * doubt more is a statement that is not planned. Source: postgresql.org/docs/18/xfunc-volatility.html, functions-info.html (pg_has_role).
 */
export const untrustedNamesSql: NamedSql = namedSql(
  'read-untrusted-names',
  /* sql */ `
  WITH
    session AS (
      SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = SESSION_USER
      UNION
      SELECT c.relowner FROM pg_catalog.pg_class AS c WHERE c.oid = ANY ($2::pg_catalog.oid[])
    ),
    trusted AS MATERIALIZED (
      SELECT r.oid
      FROM pg_catalog.pg_roles AS r
      WHERE EXISTS (SELECT FROM session WHERE pg_catalog.pg_has_role(r.oid, session.oid, 'MEMBER'))
    ),
    named AS (
      SELECT 'function' AS kind, p.proname AS name, p.proowner AS owner
      FROM pg_catalog.pg_proc AS p
      WHERE p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace
        AND (
          p.proname = ANY ($3::pg_catalog.name[])
          OR p.proname = ANY ($7::pg_catalog.name[])
            AND p.pronargs = 1
            AND EXISTS (SELECT FROM pg_catalog.pg_type AS a WHERE a.oid = p.proargtypes[0] AND a.typtype IN ('c', 'd', 'p'))
        )
      UNION ALL
      SELECT 'operator', o.oprname, f.proowner
      FROM pg_catalog.pg_operator AS o
      JOIN pg_catalog.pg_proc AS f ON f.oid = o.oprcode
      WHERE o.oprname = ANY ($4::pg_catalog.name[]) AND o.oprnamespace <> 'pg_catalog'::pg_catalog.regnamespace
      UNION ALL
      SELECT 'type', t.typname, t.typowner
      FROM pg_catalog.pg_type AS t
      WHERE t.typname = ANY ($5::pg_catalog.name[]) AND t.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace
      UNION ALL
      SELECT 'relation', c.relname, c.relowner
      FROM pg_catalog.pg_class AS c
      WHERE c.relname = ANY ($6::pg_catalog.name[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    )
  SELECT named.kind AS "kind", named.name AS "name", pg_catalog.pg_get_userbyid(named.owner) AS "owner"
  FROM named
  WHERE $1::pg_catalog.oid NOT IN (SELECT trusted.oid FROM trusted)
    AND named.owner NOT IN (SELECT trusted.oid FROM trusted)
  ORDER BY named.kind, named.name
  LIMIT 1`,
);

export interface UntrustedNameRow {
  readonly kind: string;
  readonly name: string;
  readonly owner: string;
}

export const decodeUntrustedName: RowDecoder<UntrustedNameRow> = row<UntrustedNameRow>({ kind: text, name: text, owner: text });
