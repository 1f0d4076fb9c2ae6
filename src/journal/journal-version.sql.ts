import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';
import { qualify } from './qualify.ts';

/** `$1`: the schema's name. One row, also when there is no such schema. */
export const journalPlaceSql: NamedSql = namedSql(
  'read-journal-place',
  /* sql */ `
  SELECT
    n.oid IS NOT NULL AS "hasSchema",
    EXISTS (
      SELECT FROM pg_catalog.pg_class AS c WHERE c.relnamespace = n.oid AND c.relname = 'version' AND c.relkind = 'r'
    ) AS "isInstalled",
    COALESCE(pg_catalog.has_schema_privilege(n.oid, 'USAGE'), true) AS "canUse",
    CASE
      WHEN n.oid IS NULL THEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
      ELSE pg_catalog.has_schema_privilege(n.oid, 'CREATE')
    END AS "canCreate",
    pg_catalog.quote_ident(CURRENT_USER) AS "role",
    pg_catalog.quote_ident(pg_catalog.current_database()) AS "database"
  FROM (VALUES ($1::pg_catalog.text)) AS wanted (schema)
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = wanted.schema`,
);

export interface JournalPlaceRow {
  readonly hasSchema: boolean;
  readonly isInstalled: boolean;
  readonly canUse: boolean;
  /** CREATE on the schema, or on the database while there is no schema. */
  readonly canCreate: boolean;
  /** Both quoted for SQL. */
  readonly role: string;
  readonly database: string;
}

export const decodeJournalPlace: RowDecoder<JournalPlaceRow> = row<JournalPlaceRow>({
  hasSchema: boolean,
  isInstalled: boolean,
  canUse: boolean,
  canCreate: boolean,
  role: text,
  database: text,
});

export function journalVersionSql(schema: string): NamedSql {
  return namedSql(
    'read-journal-version',
    /* sql */ `
    SELECT
      v.version AS "version",
      v.oldest_reader AS "oldestReader"
    FROM ${qualify(schema, 'version')} AS v
    ORDER BY v.version DESC
    LIMIT 1`,
  );
}

export interface JournalVersionRow {
  readonly version: number;
  readonly oldestReader: number;
}

export const decodeJournalVersion: RowDecoder<JournalVersionRow> = row<JournalVersionRow>({ version: number, oldestReader: number });
