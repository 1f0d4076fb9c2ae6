import { quoteIdentifier } from '../../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { bigint, list, nullable, number, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/** Where pg_stat_statements is in this database, and the database's clock. One row. */
export const statementSourceSql: NamedSql = namedSql(
  'read-statement-source',
  /* sql */ `
  SELECT
    (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8 AS "now",
    pg_catalog.current_database() AS "database",
    CURRENT_USER::pg_catalog.text AS "role",
    e.extversion AS "version",
    n.nspname AS "schema"
  FROM (VALUES ('pg_stat_statements'::pg_catalog.name)) AS wanted (name)
  LEFT JOIN pg_catalog.pg_extension AS e ON e.extname = wanted.name
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace`,
);

export interface StatementSourceRow {
  readonly now: bigint;
  readonly database: string;
  readonly role: string;
  /** Of the extension, for example `1.12`; it lags behind the server's after an upgrade. Null where it is not installed. */
  readonly version: string | null;
  readonly schema: string | null;
}

export const decodeStatementSource: RowDecoder<StatementSourceRow> = row<StatementSourceRow>({
  now: bigint,
  database: text,
  role: text,
  version: nullable(text),
  schema: nullable(text),
});

/** When counting began: only with version 1.9 of the extension or newer. `schema`: the extension's. */
export function countedSinceSql(schema: string): NamedSql {
  return namedSql(
    'read-statements-since',
    /* sql */ `
    SELECT (EXTRACT(epoch FROM i.stats_reset) * 1000000)::pg_catalog.int8 AS "since"
    FROM ${quoteIdentifier(schema)}.pg_stat_statements_info AS i`,
  );
}

export const decodeCountedSince: RowDecoder<{ readonly since: bigint | null }> = row({ since: nullable(bigint) });

/** What a text looks like that this role may not see (pg_stat_statements.c). */
const hiddenText = '<insufficient privilege>';

/** Statements of this database whose texts cannot be judged: of other roles, or lost. One row. */
export function unseenStatementsSql(schema: string): NamedSql {
  return namedSql(
    'count-unseen-statements',
    /* sql */ `
    SELECT
      pg_catalog.count(*) FILTER (WHERE s.query = '${hiddenText}') AS "hidden",
      pg_catalog.count(*) FILTER (WHERE s.query IS NULL) AS "lost"
    FROM ${quoteIdentifier(schema)}.pg_stat_statements AS s
    WHERE s.dbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())`,
  );
}

export interface UnseenStatementsRow {
  readonly hidden: number;
  readonly lost: number;
}

export const decodeUnseenStatements: RowDecoder<UnseenStatementsRow> = row<UnseenStatementsRow>({ hidden: number, lost: number });

/**
 * How a statement begins that has a plan, after blanks, comments and parentheses. A roll-out leaves hundreds of ALTER TABLE and CREATE INDEX behind, each
 * slower than most queries: among the `$2` slowest they would leave no room.
 */
const plannedStart = String.raw`^(\s|/\*.*?\*/|--[^\n]*\n|\()*(select|with|insert|update|delete|merge|table)\M`;

/**
 * `$1`: names of tables, `$2`: how many statements at most. The statements of this database in whose text one of the names stands, whatever
 * the case and the place, those with the most time first; the rows of one queryid (users, top level or nested) as one, with the text and
 * the role of its longest running row. Works from version 1.8 of the extension on, with which `total_time` became `total_exec_time`.
 * The planner's texts of ours are marked; 18 cuts a leading comment off, but those read partitions and catalogs, not the tables.
 * The search path is the one that the role starts with here (pg_db_role_setting: role and database before role before database).
 */
export function recordedStatementsSql(schema: string): NamedSql {
  return namedSql(
    'read-recorded-statements',
    /* sql */ `
    SELECT
      found.queryid::pg_catalog.text AS "queryId",
      found.text AS "text",
      found.calls AS "calls",
      found.total AS "totalMs",
      found.userid::pg_catalog.text AS "role",
      (SELECT r.rolname FROM pg_catalog.pg_roles AS r WHERE r.oid = found.userid) AS "roleName",
      ARRAY(
        SELECT pg_catalog.substr(setting, 13)
        FROM pg_catalog.pg_db_role_setting AS d, pg_catalog.unnest(d.setconfig) AS setting
        WHERE d.setdatabase IN (0, found.dbid)
          AND d.setrole IN (0, found.userid)
          AND pg_catalog.starts_with(setting, 'search_path=')
        ORDER BY d.setrole DESC, d.setdatabase DESC
      ) AS "searchPaths"
    FROM (
      SELECT
        s.queryid,
        s.dbid,
        (pg_catalog.array_agg(s.query ORDER BY s.total_exec_time DESC))[1] AS text,
        (pg_catalog.array_agg(s.userid ORDER BY s.total_exec_time DESC))[1] AS userid,
        pg_catalog.sum(s.calls) AS calls,
        pg_catalog.sum(s.total_exec_time) AS total
      FROM ${quoteIdentifier(schema)}.pg_stat_statements AS s
      WHERE s.dbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
        AND s.query <> '${hiddenText}'
        AND s.queryid IS NOT NULL
        AND pg_catalog.strpos(s.query, '/* partitiond:') = 0
        AND s.query ~* '${plannedStart}'
        AND EXISTS (
          SELECT FROM pg_catalog.unnest($1::pg_catalog.text[]) AS wanted (name)
          WHERE pg_catalog.strpos(pg_catalog.lower(s.query), pg_catalog.lower(wanted.name)) > 0
        )
      GROUP BY s.queryid, s.dbid
      ORDER BY total DESC, s.queryid
      LIMIT $2::pg_catalog.int4
    ) AS found
    ORDER BY found.total DESC, found.queryid`,
  );
}

export interface RecordedStatementRow {
  readonly queryId: string;
  readonly text: string;
  readonly calls: number;
  readonly totalMs: number;
  /** Oid of who ran it. */
  readonly role: string;
  /** Null for one that was dropped. */
  readonly roleName: string | null;
  /** Those that ALTER ROLE and ALTER DATABASE set, the one that counts first; empty: the server's. */
  readonly searchPaths: readonly string[];
}

export const decodeRecordedStatement: RowDecoder<RecordedStatementRow> = row<RecordedStatementRow>({
  queryId: text,
  text,
  calls: number,
  totalMs: number,
  role: text,
  roleName: nullable(text),
  searchPaths: list(text),
});
