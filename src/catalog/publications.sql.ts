import type { PublicationMembership } from '../partition/partition.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { json, nullable, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/** Column lists and row filters came with PostgreSQL 15. */
const listsSince = 150000;

/**
 * `$1`: oids of siblings. One row per publication that names a sibling but none of its ancestors: a publication of the parent covers new
 * partitions by itself.
 */
export function publicationsSql(serverVersion: number): NamedSql {
  const columns =
    serverVersion < listsSince
      ? 'NULL'
      : `CASE WHEN pr.prattrs IS NOT NULL THEN (
        SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = pr.prrelid AND a.attnum = ANY (pr.prattrs::pg_catalog.int2[])
      ) END`;
  const filter = serverVersion < listsSince ? 'NULL' : 'pg_catalog.pg_get_expr(pr.prqual, pr.prrelid)';
  return namedSql(
    'read-publications',
    /* sql */ `
    SELECT
      pr.prrelid::pg_catalog.text AS "sibling",
      p.pubname AS "publication",
      ${columns} AS "columns",
      ${filter} AS "filter",
      CASE WHEN NOT pg_catalog.pg_has_role(p.pubowner, 'USAGE') THEN pg_catalog.pg_get_userbyid(p.pubowner) END AS "closedBy"
    FROM pg_catalog.pg_publication_rel AS pr
    JOIN pg_catalog.pg_publication AS p ON p.oid = pr.prpubid
    WHERE pr.prrelid = ANY ($1::pg_catalog.oid[])
      AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_partition_ancestors(pr.prrelid) AS ancestor (relid)
        JOIN pg_catalog.pg_publication_rel AS upper ON upper.prrelid = ancestor.relid AND upper.prpubid = pr.prpubid
        WHERE ancestor.relid <> pr.prrelid
      )
    ORDER BY p.pubname`,
  );
}

export interface PublicationRow extends PublicationMembership {
  readonly sibling: string;
  /** Its owner, when the session's role cannot act as that; only an owner may add tables. */
  readonly closedBy: string | null;
}

const strings = json((value) => value as readonly string[]);

export const decodePublication: RowDecoder<PublicationRow> = row<PublicationRow>({
  sibling: text,
  publication: text,
  columns: nullable(strings),
  filter: nullable(text),
  closedBy: nullable(text),
});
