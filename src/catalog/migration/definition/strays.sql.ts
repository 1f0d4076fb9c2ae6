import type { Stray } from '../../../partition/migration/definition.ts';
import { list, text } from '../../../postgres/row-decoder.ts';
import { type DefinitionPart, listPart } from '../facts/definition-part.sql.ts';
import { readingRules, refersToTable } from './readers.sql.ts';

/** What goes on reading the old table whatever is renamed. Whatever depends on the row type is bound to the old table's columns. */
export const straysPart: DefinitionPart<readonly Stray[]> = listPart(/* sql */ `
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object('kind', s.kind, 'description', s.description) ORDER BY s.kind, s.description)
    FROM (
      SELECT 'matview' AS kind, pg_catalog.format('materialized view %I.%I', rn.nspname, rc.relname) AS description
      FROM ${readingRules}
      WHERE rc.relkind = 'm'
        AND ${refersToTable('pg_rewrite', 'r.oid')}
      UNION
      SELECT 'rule', pg_catalog.format('rule %I on %I.%I', r.rulename, rn.nspname, rc.relname)
      FROM ${readingRules}
      WHERE rc.relkind <> 'm'
        AND (rc.relkind <> 'v' OR r.ev_type <> '1')
        AND (r.ev_class = t.oid OR ${refersToTable('pg_rewrite', 'r.oid')})
      UNION
      SELECT 'policy', pg_catalog.format('policy %I on %I.%I', p.polname, pn.nspname, pc.relname)
      FROM pg_catalog.pg_policy AS p
      JOIN pg_catalog.pg_class AS pc ON pc.oid = p.polrelid
      JOIN pg_catalog.pg_namespace AS pn ON pn.oid = pc.relnamespace
      WHERE p.polrelid <> t.oid
        AND ${refersToTable('pg_policy', 'p.oid')}
      UNION
      SELECT 'row-type', pg_catalog.pg_describe_object(dep.classid, dep.objid, dep.objsubid)
      FROM pg_catalog.pg_type AS ty
      JOIN pg_catalog.pg_depend AS dep
        ON dep.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
        AND dep.refobjid IN (ty.oid, ty.typarray)
        AND NOT (dep.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND dep.objid = ty.typarray)
      WHERE ty.oid = t.reltype
    ) AS s`);

/**
 * What belongs to the table, `is_own`: dependents of it are dependents of the table. The rest of the list are dependents that the other parts
 * of a definition tell of. A view that groups by the primary key depends on that too, and tells so itself; a function is in no other part.
 */
const known = /* sql */ `
      SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS class, t.oid AS object, true AS is_own
      UNION ALL
      SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, t.reltoastrelid, false
      UNION ALL
      SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, x.indexrelid, true FROM pg_catalog.pg_index AS x WHERE x.indrelid = t.oid
      UNION ALL
      SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, dep.objid, dep.deptype = 'i'
      FROM pg_catalog.pg_depend AS dep
      JOIN pg_catalog.pg_class AS s ON s.oid = dep.objid AND s.relkind = 'S'
      WHERE dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND dep.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND dep.refobjid = t.oid
        AND dep.deptype IN ('a', 'i')
      UNION ALL
      SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.inhrelid, false FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = t.oid
      UNION ALL
      SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.reltype, false
      UNION ALL
      SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, k.conrelid = t.oid
      FROM pg_catalog.pg_constraint AS k
      WHERE k.conrelid = t.oid
        OR (k.confrelid = t.oid AND k.contype = 'f')
      UNION ALL
      SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid, true FROM pg_catalog.pg_attrdef AS d WHERE d.adrelid = t.oid
      UNION ALL
      SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, tg.oid, true
      FROM pg_catalog.pg_trigger AS tg
      WHERE tg.tgrelid = t.oid
        OR tg.tgconstraint IN (SELECT k.oid FROM pg_catalog.pg_constraint AS k WHERE t.oid IN (k.conrelid, k.confrelid) AND k.contype = 'f')
      UNION ALL
      SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, p.polrelid = t.oid
      FROM pg_catalog.pg_policy AS p
      WHERE p.polrelid = t.oid
        OR ${refersToTable('pg_policy', 'p.oid')}
      UNION ALL
      SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid, true FROM pg_catalog.pg_statistic_ext AS s WHERE s.stxrelid = t.oid
      UNION ALL
      SELECT 'pg_catalog.pg_publication_rel'::pg_catalog.regclass, pr.oid, true
      FROM pg_catalog.pg_publication_rel AS pr
      WHERE pr.prrelid = t.oid`;

/** Rules and functions in a body of which the table's name stands: covered as far as it is the table itself that they refer to. */
const isReader = /* sql */ `(
        dep.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND dep.refobjid = t.oid
        AND (
          dep.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
          OR (
            dep.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            AND EXISTS (SELECT FROM pg_catalog.pg_proc AS f WHERE f.oid = dep.objid AND f.prosqlbody IS NOT NULL)
          )
        )
        OR (
          dep.refclassid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
          AND dep.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
          AND EXISTS (
            SELECT
            FROM pg_catalog.pg_rewrite AS vr
            JOIN pg_catalog.pg_class AS vc ON vc.oid = vr.ev_class AND vc.relkind = 'v'
            WHERE vr.oid = dep.objid
              AND vr.ev_type = '1'
          )
        )
      )`;

/**
 * Of pg_depend, without the indexes and constraints of partitions (P, S), which are their parents'. Besides it: expressions of the table's own that hold the whole row, for they name the table; and a subscription that feeds it, which
 * goes by the oid. pg_shdepend tells of dependence on roles and tablespaces alone. Source: postgresql.org/docs/18/catalog-pg-shdepend.html.
 */
export const unknownDependentsPart: DefinitionPart<readonly string[]> = {
  sql: () => /* sql */ `ARRAY(
    WITH known AS MATERIALIZED (${known}
    )
    SELECT pg_catalog.pg_describe_object(dep.classid, dep.objid, dep.objsubid) COLLATE "C" AS description
    FROM known
    JOIN pg_catalog.pg_depend AS dep ON dep.refclassid = known.class AND dep.refobjid = known.object
    WHERE known.is_own
      AND dep.deptype NOT IN ('P', 'S')
      AND (dep.classid, dep.objid) NOT IN (SELECT k.class, k.object FROM known AS k)
      AND NOT ${isReader}
    UNION
    SELECT pg_catalog.pg_describe_object('pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, 0)
    FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = t.oid
      AND k.contype = 'c'
      AND 0 = ANY (k.conkey)
    UNION
    SELECT pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, x.indexrelid, 0)
    FROM pg_catalog.pg_index AS x
    WHERE x.indrelid = t.oid
      AND pg_catalog.concat(x.indexprs, x.indpred) LIKE '% :varattno 0 %'
    UNION
    SELECT pg_catalog.format('subscription %I', s.subname)
    FROM pg_catalog.pg_subscription_rel AS sr
    JOIN pg_catalog.pg_subscription AS s ON s.oid = sr.srsubid
    WHERE sr.srrelid = t.oid
    ORDER BY 1
  )`,
  decode: list(text),
};
