import type { PublicationDefinition } from '../../../partition/migration/definition.ts';
import { type DefinitionPart, listPart } from '../facts/definition-part.sql.ts';

/** Schemas, column lists and row filters came with PostgreSQL 15. */
const listsSince = 150000;

/** A table that is in one publication twice, by its name and by its schema, appears twice. */
export const publicationsPart: DefinitionPart<readonly PublicationDefinition[]> = listPart((version) => {
  const hasLists = version >= listsSince;
  const columns = `CASE WHEN pr.prattrs IS NOT NULL THEN (
          SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute AS a
          WHERE a.attrelid = pr.prrelid
            AND a.attnum = ANY (pr.prattrs::pg_catalog.int2[])
        ) END`;
  const bySchema = `UNION ALL
      SELECT pn.pnpubid, 'schema', NULL, NULL FROM pg_catalog.pg_publication_namespace AS pn WHERE pn.pnnspid = t.relnamespace`;
  return /* sql */ `
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'publication', p.pubname,
      'columns', member.columns,
      'filter', member.filter,
      'owner', pg_catalog.pg_get_userbyid(p.pubowner),
      'scope', member.scope,
      'isViaRoot', p.pubviaroot
    ) ORDER BY p.pubname, member.scope)
    FROM (
      SELECT
        pr.prpubid AS publication,
        'table' AS scope,
        ${hasLists ? columns : 'NULL::pg_catalog.json'} AS columns,
        ${hasLists ? 'pg_catalog.pg_get_expr(pr.prqual, pr.prrelid)' : 'NULL::pg_catalog.text'} AS filter
      FROM pg_catalog.pg_publication_rel AS pr
      WHERE pr.prrelid = t.oid
      UNION ALL
      SELECT every.oid, 'all', NULL, NULL FROM pg_catalog.pg_publication AS every WHERE every.puballtables AND t.relpersistence = 'p'
      ${hasLists ? bySchema : ''}
    ) AS member
    JOIN pg_catalog.pg_publication AS p ON p.oid = member.publication`;
});
