import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/**
 * `$1`: a role. What ALTER ROLE and ALTER DATABASE give it as search_path when it connects to this database, one row at most: its own setting here, its
 * own everywhere, everybody's here. SET ROLE alone does not apply them. Source: postgresql.org/docs/18/catalog-pg-db-role-setting.html.
 */
export const searchPathSql: NamedSql = namedSql(
  'read-search-path',
  /* sql */ `
  SELECT pg_catalog.substr(entry, 13) AS "path"
  FROM pg_catalog.pg_db_role_setting AS s
  CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS entry
  WHERE pg_catalog.starts_with(entry, 'search_path=')
    AND s.setrole IN (0, (SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = $1))
    AND s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()))
  ORDER BY s.setrole = 0, s.setdatabase = 0
  LIMIT 1`,
);

export const decodeSearchPath: RowDecoder<{ readonly path: string }> = row({ path: text });
