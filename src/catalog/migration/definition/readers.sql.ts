import type { TableDefinition, ViewDefinition } from '../../../partition/migration/definition.ts';
import { type DefinitionPart, listPart, nameJson } from '../facts/definition-part.sql.ts';

/** Rewrite rules that refer to `t`, as `r`, of the relation `rc`: the bodies of views, and others. */
export const readingRules = /* sql */ `pg_catalog.pg_rewrite AS r
    JOIN pg_catalog.pg_class AS rc ON rc.oid = r.ev_class
    JOIN pg_catalog.pg_namespace AS rn ON rn.oid = rc.relnamespace`;

/** Whether the object `oid` of the catalog `of` refers to `t` or a column of it. */
export function refersToTable(of: string, oid: string): string {
  return `EXISTS (
      SELECT
      FROM pg_catalog.pg_depend AS dep
      WHERE dep.classid = 'pg_catalog.${of}'::pg_catalog.regclass
        AND dep.objid = ${oid}
        AND dep.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND dep.refobjid = t.oid
    )`;
}

/**
 * Plain views that name the table. One that reads it through another view alone is bound to that one's oid and needs nothing; it counts for the
 * order, which is by the longest way down to the table. 64 levels end a circle, which CREATE OR REPLACE VIEW lets people make.
 */
export const viewsPart: DefinitionPart<readonly ViewDefinition[]> = listPart(/* sql */ `
    WITH RECURSIVE level (view, depth) AS (
      SELECT t.oid, 0
      UNION
      SELECT r.ev_class, level.depth + 1
      FROM level
      JOIN pg_catalog.pg_depend AS dep
        ON dep.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND dep.refobjid = level.view
        AND dep.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      JOIN pg_catalog.pg_rewrite AS r ON r.oid = dep.objid AND r.ev_class <> level.view
      WHERE level.depth < 64
    )
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', rc.oid::pg_catalog.text,
      'name', ${nameJson('rn.nspname', 'rc.relname')},
      'statement', pg_catalog.format(
        'CREATE OR REPLACE VIEW %I.%I%s AS%s',
        rn.nspname,
        rc.relname,
        (
          SELECT pg_catalog.format(' WITH (%s)', pg_catalog.string_agg(pg_catalog.format('%I=%L', o.option_name, o.option_value), ', '))
          FROM pg_catalog.pg_options_to_table(rc.reloptions) AS o
          HAVING pg_catalog.count(*) > 0
        ),
        pg_catalog.rtrim(pg_catalog.pg_get_viewdef(rc.oid), ';')
      ),
      'owner', pg_catalog.pg_get_userbyid(rc.relowner),
      'groupsByKey', EXISTS (
        SELECT
        FROM pg_catalog.pg_depend AS dep
        JOIN pg_catalog.pg_constraint AS k ON k.oid = dep.refobjid
        WHERE dep.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
          AND dep.objid = r.oid
          AND dep.refclassid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
          AND k.conrelid = t.oid
      )
    ) ORDER BY (SELECT pg_catalog.max(level.depth) FROM level WHERE level.view = rc.oid), rn.nspname, rc.relname)
    FROM ${readingRules}
    WHERE rc.relkind = 'v'
      AND r.ev_type = '1'
      AND ${refersToTable('pg_rewrite', 'r.oid')}`);

export const functionsPart: DefinitionPart<TableDefinition['functions']> = listPart(/* sql */ `
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', f.oid::pg_catalog.text,
      'signature', f.oid::pg_catalog.regprocedure::pg_catalog.text,
      'definition', pg_catalog.pg_get_functiondef(f.oid),
      'owner', pg_catalog.pg_get_userbyid(f.proowner)
    ) ORDER BY f.oid::pg_catalog.regprocedure::pg_catalog.text)
    FROM pg_catalog.pg_proc AS f
    WHERE f.prosqlbody IS NOT NULL
      AND ${refersToTable('pg_proc', 'f.oid')}`);
