import type { TestDatabase } from '../database.ts';

/** What PostgreSQL's catalog says of a table and must say of its target too; indexes and the primary key apart. */
export interface DescribedTable {
  readonly columns: readonly unknown[];
  readonly checks: readonly { readonly name: string }[];
  readonly replicaIdentity: string;
  readonly [what: string]: unknown;
}

/** Names in which both sides must differ (sequences of identities, statistics) are told by what they are for. */
export async function describeTable(database: TestDatabase, name: string): Promise<DescribedTable> {
  const [row] = await database.query<{ described: DescribedTable }>(
    /* sql */ `
    SELECT json_build_object(
      'owner', c.relowner::regrole::text,
      'acl', c.relacl::text,
      'rowSecurity', (c.relrowsecurity, c.relforcerowsecurity),
      'replicaIdentity', c.relreplident,
      'comment', obj_description(c.oid, 'pg_class'),
      'columns', (
        SELECT json_agg(json_build_array(
          a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation::regcollation::text, a.attidentity, a.attgenerated,
          a.attstorage, a.attcompression, COALESCE(a.attstattarget::integer, -1), a.attoptions::text, a.attacl::text, col_description(c.oid, a.attnum),
          pg_get_expr(d.adbin, d.adrelid)
        ) ORDER BY a.attnum)
        FROM pg_attribute AS a
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      ),
      'sequence', (
        SELECT json_agg(json_build_array(s.seqtypid::regtype::text, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle))
        FROM pg_sequence AS s
        JOIN pg_depend AS p ON p.objid = s.seqrelid AND p.deptype = 'i'
        WHERE p.refobjid = c.oid
      ),
      'checks', (
        SELECT json_agg(json_build_object(
          'name', k.conname, 'definition', pg_get_constraintdef(k.oid), 'valid', k.convalidated, 'comment', obj_description(k.oid, 'pg_constraint')
        ) ORDER BY k.conname)
        FROM pg_constraint AS k
        WHERE k.conrelid = c.oid AND k.contype = 'c'
      ),
      'policies', (
        SELECT json_agg(json_build_array(
          p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[]::text, pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid),
          obj_description(p.oid, 'pg_policy')
        ) ORDER BY p.polname)
        FROM pg_policy AS p
        WHERE p.polrelid = c.oid
      ),
      'statistics', (
        SELECT json_agg(json_build_array(
          (SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum = ANY (e.stxkeys)),
          e.stxkind::text, e.stxowner::regrole::text, e.stxstattarget, obj_description(e.oid, 'pg_statistic_ext')
        ) ORDER BY e.stxname)
        FROM pg_statistic_ext AS e
        WHERE e.stxrelid = c.oid
      )
    ) AS described
    FROM pg_class AS c
    WHERE c.relname = $1 AND c.relkind IN ('r', 'p')`,
    [name],
  );
  if (row === undefined) throw new Error(`there is no table ${name}`);
  return row.described;
}
