/**
 * SQL condition: the session's role may VACUUM and ANALYZE the relation `relation` (an alias of pg_class). Its owner may, whoever acts as the
 * owner (a superuser does), the database's owner, and since 17 who has MAINTAIN on it, by a grant or as a member of pg_maintain. Before 17 the
 * word MAINTAIN is an error, so it must not be looked at there.
 * Source: postgresql.org/docs/18/sql-vacuum.html; src/backend/commands/vacuum.c, vacuum_is_permitted_for_relation.
 */
export function mayMaintain(relation: string): string {
  return `COALESCE(
      pg_catalog.pg_has_role(${relation}.relowner, 'USAGE')
        OR pg_catalog.pg_has_role(
          (SELECT d.datdba FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()), 'USAGE'
        )
        OR CASE
          WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 170000
            THEN pg_catalog.has_table_privilege(${relation}.oid, 'MAINTAIN')
        END,
      false
    )`;
}

/**
 * SQL condition: the session's role owns the relation `relation` or acts as its owner, as a superuser does. Only that lets it make an index of the
 * relation, and drop what an interrupted CREATE INDEX or REINDEX CONCURRENTLY leaves behind: neither the database's owner nor MAINTAIN do.
 */
export function actsAsOwner(relation: string): string {
  return `COALESCE(pg_catalog.pg_has_role(${relation}.relowner, 'USAGE'), false)`;
}
