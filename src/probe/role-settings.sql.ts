import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/** A setting by which a role's queries are planned otherwise than the session's. */
export interface RoleSetting {
  readonly name: string;
  readonly value: string;
}

/**
 * `$1`: a role. What ALTER ROLE and ALTER DATABASE give it when it connects to this database, of the settings that decide what names mean and
 * what is pruned: its own here, else its own everywhere, else everybody's here; one row per setting at most. SET ROLE
 * alone does not apply them. Source: postgresql.org/docs/18/catalog-pg-db-role-setting.html.
 */
export const roleSettingsSql: NamedSql = namedSql(
  'read-role-settings',
  /* sql */ `
  SELECT DISTINCT ON ("name") "name", pg_catalog.substr(entry, pg_catalog.length("name") + 2) AS "value"
  FROM pg_catalog.pg_db_role_setting AS s
  CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS entry
  CROSS JOIN LATERAL pg_catalog.split_part(entry, '=', 1) AS "name"
  WHERE "name" IN (
      'search_path', 'enable_partition_pruning', 'plan_cache_mode', 'constraint_exclusion', 'enable_partitionwise_join',
      'enable_partitionwise_aggregate'
    )
    AND s.setrole IN (0, (SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = $1))
    AND s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()))
  ORDER BY "name", s.setrole = 0, s.setdatabase = 0`,
);

export const decodeRoleSetting: RowDecoder<RoleSetting> = row({ name: text, value: text });

/** Whether the session's own role may do what no transaction undoes: as superuser, or with replication slots. One row. */
export const powerSql: NamedSql = namedSql(
  'read-power',
  /* sql */ `
  SELECT r.rolname AS "role", r.rolsuper AS "isSuperuser", r.rolreplication AS "isReplication"
  FROM pg_catalog.pg_roles AS r
  WHERE r.rolname = CURRENT_USER`,
);

export interface Power {
  readonly role: string;
  readonly isSuperuser: boolean;
  readonly isReplication: boolean;
}

export const decodePower: RowDecoder<Power> = row({ role: text, isSuperuser: boolean, isReplication: boolean });
