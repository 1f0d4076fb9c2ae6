import type { Comment, OwnedSequence, StatisticsDefinition, TableDefinition } from '../../../partition/migration/definition.ts';
import { type DefinitionPart, listPart, nameJson } from '../facts/definition-part.sql.ts';

/** Sequences that go with a column: by OWNED BY, which serial is, or as its identity. */
export const sequencesPart: DefinitionPart<readonly OwnedSequence[]> = listPart(/* sql */ `
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', s.oid::pg_catalog.text,
      'name', ${nameJson('sn.nspname', 's.relname')},
      'column', a.attname,
      'kind', CASE dep.deptype WHEN 'i' THEN 'identity' ELSE 'serial' END,
      'options', pg_catalog.format(
        'AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s %s',
        pg_catalog.format_type(q.seqtypid, NULL), q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache,
        CASE WHEN q.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END
      ),
      'increment', q.seqincrement::pg_catalog.text,
      'grants', COALESCE((
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
          'grantee', CASE WHEN x.grantee <> 0 THEN pg_catalog.pg_get_userbyid(x.grantee) END,
          'privilege', x.privilege_type, 'isGrantable', x.is_grantable, 'column', NULL
        ) ORDER BY x.ordinal)
        FROM pg_catalog.aclexplode(s.relacl) WITH ORDINALITY AS x (grantor, grantee, privilege_type, is_grantable, ordinal)
      ), '[]'::pg_catalog.json),
      'defaultGrantees', COALESCE((
        SELECT pg_catalog.json_agg(DISTINCT CASE WHEN x.grantee <> 0 THEN pg_catalog.pg_get_userbyid(x.grantee) END)
        FROM pg_catalog.pg_default_acl AS d
        CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS x
        WHERE d.defaclobjtype = 'S'
          AND d.defaclnamespace IN (0, s.relnamespace)
          AND d.defaclrole = (SELECT me.oid FROM pg_catalog.pg_roles AS me WHERE me.rolname = CURRENT_USER)
          AND x.grantee NOT IN (d.defaclrole, s.relowner)
      ), '[]'::pg_catalog.json)
    ) ORDER BY a.attnum, s.relname)
    FROM pg_catalog.pg_depend AS dep
    JOIN pg_catalog.pg_class AS s ON s.oid = dep.objid AND s.relkind = 'S'
    JOIN pg_catalog.pg_namespace AS sn ON sn.oid = s.relnamespace
    JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = s.oid
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = dep.refobjid AND a.attnum = dep.refobjsubid
    WHERE dep.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND dep.refobjid = t.oid
      AND dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND dep.deptype IN ('a', 'i')`);

/** A target of its own: null since 17, -1 before, means none. */
export const statisticsPart: DefinitionPart<readonly StatisticsDefinition[]> = listPart(/* sql */ `
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', s.oid::pg_catalog.text,
      'name', ${nameJson('sn.nspname', 's.stxname')},
      'definition', pg_catalog.pg_get_statisticsobjdef(s.oid),
      'target', NULLIF(s.stxstattarget, -1)
    ) ORDER BY sn.nspname, s.stxname)
    FROM pg_catalog.pg_statistic_ext AS s
    JOIN pg_catalog.pg_namespace AS sn ON sn.oid = s.stxnamespace
    WHERE s.stxrelid = t.oid`);

export const commentsPart: DefinitionPart<readonly Comment[]> = listPart(/* sql */ `
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object('on', o.kind, 'name', o.name, 'text', d.description) ORDER BY o.rank, o.number, o.name)
    FROM (
      SELECT 1 AS rank, 'table' AS kind, t.relname AS name, 'pg_catalog.pg_class'::pg_catalog.regclass AS class, t.oid, 0 AS number
      UNION ALL
      SELECT 2, 'column', a.attname, 'pg_catalog.pg_class'::pg_catalog.regclass, t.oid, a.attnum
      FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = t.oid
        AND a.attnum > 0
        AND NOT a.attisdropped
      UNION ALL
      SELECT 3, 'index', xc.relname, 'pg_catalog.pg_class'::pg_catalog.regclass, xc.oid, 0
      FROM pg_catalog.pg_index AS x
      JOIN pg_catalog.pg_class AS xc ON xc.oid = x.indexrelid
      WHERE x.indrelid = t.oid
      UNION ALL
      SELECT 4, 'constraint', k.conname, 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, 0
      FROM pg_catalog.pg_constraint AS k
      WHERE k.conrelid = t.oid
        AND (k.contype <> 'n' OR NOT k.convalidated)
      UNION ALL
      SELECT 4, 'not-null', k.conname, 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, 1
      FROM pg_catalog.pg_constraint AS k
      WHERE k.conrelid = t.oid
        AND k.contype = 'n'
        AND k.convalidated
      UNION ALL
      SELECT 5, 'trigger', tg.tgname, 'pg_catalog.pg_trigger'::pg_catalog.regclass, tg.oid, 0
      FROM pg_catalog.pg_trigger AS tg
      WHERE tg.tgrelid = t.oid
        AND NOT tg.tgisinternal
      UNION ALL
      SELECT 6, 'statistics', s.stxname, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid, 0
      FROM pg_catalog.pg_statistic_ext AS s
      WHERE s.stxrelid = t.oid
      UNION ALL
      SELECT 7, 'policy', p.polname, 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, 0
      FROM pg_catalog.pg_policy AS p
      WHERE p.polrelid = t.oid
      UNION ALL
      SELECT 8, 'sequence', s.relname, 'pg_catalog.pg_class'::pg_catalog.regclass, s.oid, 0
      FROM pg_catalog.pg_depend AS dep
      JOIN pg_catalog.pg_class AS s ON s.oid = dep.objid AND s.relkind = 'S'
      WHERE dep.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND dep.refobjid = t.oid
        AND dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND dep.deptype = 'i'
    ) AS o
    JOIN pg_catalog.pg_description AS d
      ON d.objoid = o.oid
      AND d.classoid = o.class
      AND d.objsubid = CASE o.kind WHEN 'column' THEN o.number ELSE 0 END`);

export const labelsPart: DefinitionPart<TableDefinition['labels']> = listPart(/* sql */ `
    SELECT pg_catalog.json_agg(
      pg_catalog.json_build_object('provider', l.provider, 'column', a.attname, 'label', l.label) ORDER BY l.provider, l.objsubid
    )
    FROM pg_catalog.pg_seclabel AS l
    LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = l.objoid AND a.attnum = l.objsubid AND l.objsubid > 0
    WHERE l.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND l.objoid = t.oid`);
