import type { TestDatabase } from '../database.ts';

const lines = /* sql */ `
  WITH spaces AS (
    SELECT oid, nspname FROM pg_namespace WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'
  )
  SELECT concat_ws(' ', 'schema', nspname, (SELECT nspacl FROM pg_namespace WHERE oid = spaces.oid)) AS line FROM spaces
  UNION ALL
  SELECT concat_ws(' ', 'relation', c.oid::regclass, c.relkind, c.relpersistence, c.relowner::regrole, c.relacl, c.reloptions, c.relreplident,
      c.relrowsecurity, pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid), i.inhparent::regclass, i.inhdetachpending,
      obj_description(c.oid, 'pg_class'))
    FROM pg_class AS c JOIN spaces ON spaces.oid = c.relnamespace LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
  UNION ALL
  SELECT concat_ws(' ', 'index', x.indexrelid::regclass, pg_get_indexdef(x.indexrelid), 'valid', x.indisvalid, x.indisready, x.indisreplident, x.indisclustered)
    FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indexrelid JOIN spaces ON spaces.oid = c.relnamespace
  UNION ALL
  SELECT concat_ws(' ', 'column', c.oid::regclass, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
      a.attstorage, a.attacl, a.attoptions, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN spaces ON spaces.oid = c.relnamespace
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v')
  UNION ALL
  SELECT concat_ws(' ', 'constraint', k.conrelid::regclass, k.conname, k.contype, pg_get_constraintdef(k.oid), 'valid', k.convalidated,
      'child', k.conparentid <> 0, obj_description(k.oid, 'pg_constraint'))
    FROM pg_constraint AS k JOIN spaces ON spaces.oid = k.connamespace
  UNION ALL
  SELECT concat_ws(' ', 'trigger', t.tgrelid::regclass, CASE WHEN t.tgisinternal THEN 'internal' ELSE t.tgname END, t.tgenabled,
      t.tgfoid::regproc, CASE WHEN NOT t.tgisinternal THEN pg_get_triggerdef(t.oid) END, count(*))
    FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN spaces ON spaces.oid = c.relnamespace
    GROUP BY t.tgrelid, t.tgisinternal, CASE WHEN t.tgisinternal THEN 'internal' ELSE t.tgname END, t.tgenabled, t.tgfoid,
      CASE WHEN NOT t.tgisinternal THEN pg_get_triggerdef(t.oid) END
  UNION ALL
  SELECT concat_ws(' ', 'function', p.oid::regprocedure, p.prosecdef, p.proconfig, p.proacl, md5(regexp_replace(p.prosrc, '[0-9]+', 'N', 'g')))
    FROM pg_proc AS p JOIN spaces ON spaces.oid = p.pronamespace
  UNION ALL
  SELECT concat_ws(' ', 'type', t.oid::regtype, t.typtype) FROM pg_type AS t JOIN spaces ON spaces.oid = t.typnamespace WHERE t.typelem = 0
  UNION ALL
  SELECT concat_ws(' ', 'view', c.oid::regclass, pg_get_viewdef(c.oid))
    FROM pg_class AS c JOIN spaces ON spaces.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')
  UNION ALL
  SELECT concat_ws(' ', 'sequence', d.objid::regclass, 'of', d.refobjid::regclass, d.refobjsubid)
    FROM pg_depend AS d JOIN pg_class AS c ON c.oid = d.objid AND c.relkind = 'S'
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
  UNION ALL
  SELECT concat_ws(' ', 'statistics', s.stxname, pg_get_statisticsobjdef(s.oid)) FROM pg_statistic_ext AS s
  UNION ALL
  SELECT concat_ws(' ', 'publication', p.pubname, r.prrelid::regclass) FROM pg_publication AS p JOIN pg_publication_rel AS r ON r.prpubid = p.oid
  UNION ALL
  SELECT concat_ws(' ', 'policy', p.polrelid::regclass, p.polname, pg_get_expr(p.polqual, p.polrelid)) FROM pg_policy AS p`;

/**
 * All that a database holds beside rows, as sorted lines without an oid, so that two databases of one history are described alike: the objects of
 * every schema, the journal's too, with definition, grants, validity and state. `search_path` is empty meanwhile.
 */
export async function describeDatabase(database: TestDatabase): Promise<readonly string[]> {
  const client = await database.client();
  try {
    await client.query('SET search_path = pg_catalog');
    const { rows } = await client.query<{ line: string }>(lines);
    return rows.map(({ line }) => line).toSorted();
  } finally {
    await client.end();
  }
}
