import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/** `$1`: names that were not found in their schema. Tables with the same name elsewhere or in other letters, quoted for SQL; for messages. */
export const similarRelationsSql: NamedSql = namedSql(
  'read-similar-relations',
  /* sql */ `
  SELECT
    wanted.name AS "wanted",
    pg_catalog.min(pg_catalog.format('%I.%I', n.nspname, c.relname)) AS "similar"
  FROM pg_catalog.unnest($1::pg_catalog.text[]) AS wanted (name)
  JOIN pg_catalog.pg_class AS c ON pg_catalog.lower(c.relname::pg_catalog.text) = pg_catalog.lower(wanted.name) AND c.relkind IN ('r', 'p')
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  GROUP BY wanted.name`,
);

export interface SimilarRelationRow {
  readonly wanted: string;
  readonly similar: string;
}

export const decodeSimilarRelation: RowDecoder<SimilarRelationRow> = row<SimilarRelationRow>({ wanted: text, similar: text });
