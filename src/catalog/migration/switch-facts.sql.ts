import type { SwitchFacts } from '../../partition/migration/switch-facts.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { json, type RowDecoder, row, shaped } from '../../postgres/row-decoder.ts';

/** `$1`: oid of the source, `$2`: of the target, `$3`: of the tables that referenced the source when it was planned. One row. */
export const switchFactsSql: NamedSql = namedSql(
  'read-switch-facts',
  /* sql */ `
  WITH sides AS (
    SELECT pg_catalog.unnest(ARRAY[$1::pg_catalog.oid, $2::pg_catalog.oid]) AS oid
  ), roots AS (
    SELECT s.oid FROM sides AS s
    UNION
    SELECT pg_catalog.unnest($3::pg_catalog.oid[])
    UNION
    SELECT k.conrelid
    FROM pg_catalog.pg_constraint AS k
    WHERE k.contype = 'f'
      AND k.conparentid = 0
      AND k.confrelid IN (SELECT s.oid FROM sides AS s)
  ), members AS (
    SELECT r.oid AS root, t.relid::pg_catalog.oid AS oid, t.isleaf
    FROM roots AS r
    CROSS JOIN LATERAL pg_catalog.pg_partition_tree(r.oid) AS t
  ), own AS (
    SELECT m.oid, m.isleaf FROM members AS m WHERE m.root IN (SELECT s.oid FROM sides AS s)
    UNION
    SELECT s.oid, false FROM sides AS s
  )
  SELECT
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'rootOid', m.root::pg_catalog.text, 'oid', m.oid::pg_catalog.text,
        'name', pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname)
      ) ORDER BY m.oid)
      FROM members AS m
      JOIN pg_catalog.pg_class AS c ON c.oid = m.oid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE m.isleaf
        AND m.oid <> m.root
    ), '[]'::pg_catalog.json) AS "leaves",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', k.conname, 'tableOid', k.conrelid::pg_catalog.text,
        'table', pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname),
        'referencedOid', k.confrelid::pg_catalog.text, 'isValid', k.convalidated,
        'comment', pg_catalog.obj_description(k.oid, 'pg_constraint')
      ) ORDER BY k.conrelid, k.conname)
      FROM pg_catalog.pg_constraint AS k
      JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE k.contype = 'f'
        AND k.conparentid = 0
        AND (k.conrelid IN (SELECT o.oid FROM own AS o) OR k.confrelid IN (SELECT s.oid FROM sides AS s))
    ), '[]'::pg_catalog.json) AS "foreignKeys",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', t.tgname, 'tableOid', t.tgrelid::pg_catalog.text,
        'table', pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname),
        'enabled', t.tgenabled, 'isForEachRow', (t.tgtype & 1) <> 0, 'isOnTruncate', (t.tgtype & 32) <> 0
      ) ORDER BY t.tgrelid, t.tgname)
      FROM pg_catalog.pg_trigger AS t
      JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE NOT t.tgisinternal
        AND t.tgparentid = 0
        AND t.tgrelid IN (SELECT o.oid FROM own AS o)
    ), '[]'::pg_catalog.json) AS "triggers",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'tableOid', d.refobjid::pg_catalog.text, 'column', a.attname,
        'sequence', pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname)
      ) ORDER BY d.refobjid, a.attnum)
      FROM pg_catalog.pg_depend AS d
      JOIN pg_catalog.pg_class AS c ON c.oid = d.objid AND c.relkind = 'S'
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.deptype = 'i'
        AND d.refobjid IN (SELECT s.oid FROM sides AS s)
    ), '[]'::pg_catalog.json) AS "identities",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_object('publication', p.pubname, 'tableOid', r.prrelid::pg_catalog.text)
        ORDER BY p.pubname, r.prrelid)
      FROM pg_catalog.pg_publication_rel AS r
      JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
      WHERE r.prrelid IN (SELECT s.oid FROM sides AS s)
    ), '[]'::pg_catalog.json) AS "publications"`,
);

export const decodeSwitchFacts: RowDecoder<SwitchFacts> = row<SwitchFacts>({
  leaves: json(shaped<SwitchFacts['leaves']>),
  foreignKeys: json(shaped<SwitchFacts['foreignKeys']>),
  triggers: json(shaped<SwitchFacts['triggers']>),
  identities: json(shaped<SwitchFacts['identities']>),
  publications: json(shaped<SwitchFacts['publications']>),
});
