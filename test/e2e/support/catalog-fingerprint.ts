import type { TestDatabase } from '../../support/database.ts';

/**
 * Everything that partitiond could have changed in a database, as sorted lines: schemas, relations with oid and file, bounds, pending detaches,
 * constraints, grants, comments. Two equal fingerprints: nothing was changed in between.
 */
export async function catalogFingerprint(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(/* sql */ `
    SELECT line FROM (
      SELECT 'schema ' || nspname || ' ' || coalesce(nspacl::text, '') AS line FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast)'
      UNION ALL
      SELECT concat_ws(' ', 'relation', c.oid, c.relnamespace::regnamespace, c.relname, c.relkind, c.relowner, c.relacl, c.relfilenode, c.reloptions,
                       pg_get_expr(c.relpartbound, c.oid), i.inhparent, i.inhdetachpending, obj_description(c.oid))
        FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
       WHERE c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace, 'information_schema'::regnamespace)
      UNION ALL
      SELECT concat_ws(' ', 'constraint', oid, conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE conrelid > 16383
    ) AS lines ORDER BY line COLLATE "C"`);
  return rows.map((row) => row.line);
}
