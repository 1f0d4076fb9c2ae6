import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/**
 * `$1` schemas and `$2` names of tables. The views over them, also those over such views; a materialised view holds rows of its own. Source:
 * postgresql.org/docs/18/catalog-pg-depend.html (the rule of a view depends on what it reads).
 */
export const viewsOverSql: NamedSql = namedSql(
  'read-views-over',
  /* sql */ `
  WITH RECURSIVE read (oid) AS (
    SELECT c.oid
    FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.name[]), pg_catalog.unnest($2::pg_catalog.name[])) AS wanted (schema, name)
    JOIN pg_catalog.pg_namespace AS n ON n.nspname = wanted.schema
    JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.name
    UNION
    SELECT v.oid
    FROM read
    JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = read.oid
    JOIN pg_catalog.pg_rewrite AS r ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = d.objid
    JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class AND v.relkind = 'v'
  )
  SELECT n.nspname AS "schema", c.relname AS "name"
  FROM read
  JOIN pg_catalog.pg_class AS c ON c.oid = read.oid AND c.relkind = 'v'
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  ORDER BY n.nspname, c.relname`,
);

export const decodeView: RowDecoder<{ readonly schema: string; readonly name: string }> = row({ schema: text, name: text });
