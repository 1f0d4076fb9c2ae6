import { quoteIdentifier } from '../../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/** The schema that holds the view pg_stat_statements; no row without the extension. */
export const statementsSchemaSql: NamedSql = namedSql(
  'find-recorded-statements',
  /* sql */ `
  SELECT n.nspname AS "schema"
  FROM pg_catalog.pg_extension AS e
  JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
  WHERE e.extname = 'pg_stat_statements'`,
);

export const decodeStatementsSchema: RowDecoder<{ readonly schema: string }> = row<{ readonly schema: string }>({ schema: text });

/**
 * `$1`: names of tables, `$2`: how many texts at most. Texts of statements of this database that hold one of the names in any case, each once,
 * those called most often first; not our own. A text that the role may not see holds no name.
 */
export function mentioningStatementsSql(schema: string): NamedSql {
  return namedSql(
    'read-mentioning-statements',
    /* sql */ `
  SELECT s.query AS "text"
  FROM ${quoteIdentifier(schema)}.pg_stat_statements AS s
  WHERE s.dbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    AND NOT pg_catalog.starts_with(s.query, '/* partitiond:')
    AND EXISTS (
      SELECT
      FROM pg_catalog.unnest($1::pg_catalog.text[]) AS w (name)
      WHERE pg_catalog.strpos(pg_catalog.lower(s.query), pg_catalog.lower(pg_catalog.replace(w.name, '"', '""'))) > 0
    )
  GROUP BY s.query
  ORDER BY pg_catalog.sum(s.calls) DESC
  LIMIT $2::pg_catalog.int8`,
  );
}

export const decodeMentioningStatement: RowDecoder<{ readonly text: string }> = row<{ readonly text: string }>({ text });
