import type { ColumnDefinition, TableDefinition } from '../../../partition/migration/definition.ts';
import { type DefinitionPart, listPart } from '../facts/definition-part.sql.ts';

/**
 * Whether `hash_record_extended` takes values of a type: each type that it is made of has an extended hash function in a default operator class of
 * its own or of a type that it is stored like. Source: src/backend/utils/cache/typcache.c (cache_record_field_properties and its siblings).
 */
const isHashable = /* sql */ `(
      WITH RECURSIVE made_of (type) AS (
        SELECT a.atttypid
        UNION
        SELECT below.type
        FROM made_of
        JOIN pg_catalog.pg_type AS ty ON ty.oid = made_of.type
        CROSS JOIN LATERAL (
          SELECT ty.typbasetype WHERE ty.typtype = 'd'
          UNION ALL
          SELECT ty.typelem WHERE ty.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc
          UNION ALL
          SELECT field.atttypid
          FROM pg_catalog.pg_attribute AS field
          WHERE ty.typtype = 'c'
            AND field.attrelid = ty.typrelid
            AND field.attnum > 0
            AND NOT field.attisdropped
          UNION ALL
          SELECT span.rngsubtype FROM pg_catalog.pg_range AS span WHERE span.rngtypid = ty.oid
          UNION ALL
          SELECT span.rngtypid FROM pg_catalog.pg_range AS span WHERE span.rngmultitypid = ty.oid
        ) AS below (type)
      )
      SELECT pg_catalog.bool_and(
        ty.typtype IN ('d', 'c', 'r', 'm', 'e')
        OR ty.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc
        OR EXISTS (
          SELECT
          FROM pg_catalog.pg_opclass AS oc
          JOIN pg_catalog.pg_am AS am ON am.oid = oc.opcmethod AND am.amname = 'hash'
          JOIN pg_catalog.pg_amproc AS fn
            ON fn.amprocfamily = oc.opcfamily
            AND fn.amproclefttype = oc.opcintype
            AND fn.amprocrighttype = oc.opcintype
            AND fn.amprocnum = 2
          WHERE oc.opcdefault
            AND (
              oc.opcintype = ty.oid
              OR EXISTS (
                SELECT
                FROM pg_catalog.pg_cast AS same
                WHERE same.castsource = ty.oid
                  AND same.casttarget = oc.opcintype
                  AND same.castmethod = 'b'
                  AND same.castcontext = 'i'
              )
            )
        )
      )
      FROM made_of
      JOIN pg_catalog.pg_type AS ty ON ty.oid = made_of.type
    )`;

/** Of the default operator class, as unique indexes have it; of a domain that of its base. */
const equalityIn = /* sql */ `(
      WITH RECURSIVE base (type) AS (
        SELECT a.atttypid
        UNION
        SELECT ty.typbasetype FROM base JOIN pg_catalog.pg_type AS ty ON ty.oid = base.type AND ty.typtype = 'd'
      )
      SELECT pg_catalog.min(n.nspname)
      FROM base
      JOIN pg_catalog.pg_opclass AS oc ON oc.opcintype = base.type AND oc.opcdefault
      JOIN pg_catalog.pg_am AS am ON am.oid = oc.opcmethod AND am.amname = 'btree'
      JOIN pg_catalog.pg_amop AS ao
        ON ao.amopfamily = oc.opcfamily
        AND ao.amoplefttype = oc.opcintype
        AND ao.amoprighttype = oc.opcintype
        AND ao.amopstrategy = 3
      JOIN pg_catalog.pg_operator AS o ON o.oid = ao.amopopr
      JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
      WHERE n.nspname <> 'pg_catalog'
    )`;

/**
 * A NOT NULL that is not valid sets attnotnull all the same (18).
 * Source: postgresql.org/docs/18/catalog-pg-attribute.html (attnotnull).
 */
export const columnsPart: DefinitionPart<readonly ColumnDefinition[]> = listPart(/* sql */ `
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', a.attname,
      'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'collation', (
        SELECT pg_catalog.format('%I.%I', cn.nspname, co.collname)
        FROM pg_catalog.pg_collation AS co
        JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
        WHERE co.oid = a.attcollation
          AND co.oid <> (SELECT ty.typcollation FROM pg_catalog.pg_type AS ty WHERE ty.oid = a.atttypid)
      ),
      'isNotNull', a.attnotnull AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_constraint AS k
        WHERE k.conrelid = a.attrelid
          AND k.contype = 'n'
          AND k.conkey[1] = a.attnum
          AND NOT k.convalidated
      ),
      'expression', pg_catalog.pg_get_expr(d.adbin, d.adrelid),
      'generated', CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END,
      'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by-default' END,
      'equalityIn', ${equalityIn},
      'isHashable', ${isHashable}
    ) ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute AS a
    LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = t.oid
      AND a.attnum > 0
      AND NOT a.attisdropped`);

export const columnOptionsPart: DefinitionPart<TableDefinition['columnOptions']> = listPart(/* sql */ `
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'column', a.attname,
      'options', (SELECT pg_catalog.json_object_agg(o.option_name, o.option_value) FROM pg_catalog.pg_options_to_table(a.attoptions) AS o)
    ) ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = t.oid
      AND a.attnum > 0
      AND NOT a.attisdropped
      AND a.attoptions IS NOT NULL`);
