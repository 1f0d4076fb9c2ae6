import { StatementError } from '../../errors.ts';
import type { EpochMicros } from '../../partition/position.ts';
import { quoteIdentifier } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import { sqlstates } from '../../postgres/sqlstate.ts';
import {
  countedSinceSql,
  decodeCountedSince,
  decodeRecordedStatement,
  decodeStatementSource,
  decodeUnseenStatements,
  type RecordedStatementRow,
  recordedStatementsSql,
  type StatementSourceRow,
  statementSourceSql,
  unseenStatementsSql,
} from './recorded-statements.sql.ts';

/** What pg_stat_statements has on some names, or why it has nothing. */
export interface RecordedStatements {
  /** A sentence with the way out; null when there is none. */
  readonly obstacle: string | null;
  readonly since: EpochMicros | null;
  /** The database's clock. */
  readonly now: EpochMicros;
  /** By total time, the most first; a name may stand anywhere in the text. */
  readonly rows: readonly RecordedStatementRow[];
  /** Statements of other roles whose texts this one may not see. */
  readonly hidden: number;
  readonly remarks: readonly string[];
}

/** 55000: object_not_in_prerequisite_state, said when the library was not loaded with the server. */
const notLoaded = '55000';

/**
 * Reads the statements of this database in whose text one of `names` stands, at most `most`. What stands in the way is an obstacle. Throws as
 * the session does.
 */
export async function findRecorded(
  session: Session,
  names: readonly string[],
  most: number,
  signal: AbortSignal,
): Promise<RecordedStatements> {
  const [source] = await session.rows(statementSourceSql, [], decodeStatementSource, signal);
  if (source === undefined) throw new TypeError('read-statement-source returned no row');
  const found = { obstacle: null, since: null, now: source.now, rows: [], hidden: 0, remarks: [] };
  const { schema, version } = source;
  if (schema === null || version === null) return { ...found, obstacle: notInstalled(source) };
  if (isOlderThan(version, 8)) return { ...found, obstacle: outdated(source, version) };
  try {
    const rows = await session.rows(recordedStatementsSql(schema), [names, most], decodeRecordedStatement, signal);
    const [unseen] = await session.rows(unseenStatementsSql(schema), [], decodeUnseenStatements, signal);
    const since = isOlderThan(version, 9) ? null : await readSince(session, schema, signal);
    const remarks = unseen === undefined ? [] : [...hiddenRemarks(unseen.hidden, source), ...lostRemarks(unseen.lost)];
    return { ...found, rows, hidden: unseen?.hidden ?? 0, remarks, since };
  } catch (error) {
    const obstacle = obstacleOf(error, source, schema);
    if (obstacle === null) throw error;
    return { ...found, obstacle };
  }
}

async function readSince(session: Session, schema: string, signal: AbortSignal): Promise<EpochMicros | null> {
  const [counted] = await session.rows(countedSinceSql(schema), [], decodeCountedSince, signal);
  return counted?.since ?? null;
}

/** `1.12` is newer than `1.9`. */
function isOlderThan(version: string, minor: number): boolean {
  const [major = 0, found = 0] = version.split('.').map(Number);
  return major < 1 || (major === 1 && found < minor);
}

const preload = 'pg_stat_statements must be in shared_preload_libraries, which takes a restart of the server';

function notInstalled({ database }: StatementSourceRow): string {
  return (
    `pg_stat_statements is not installed in database ${database}; have a superuser run ` +
    `CREATE EXTENSION pg_stat_statements; there (${preload}).`
  );
}

function outdated({ database }: StatementSourceRow, version: string): string {
  return (
    `pg_stat_statements is at version ${version} in database ${database}, and 1.8 is needed; have its owner run ` +
    'ALTER EXTENSION pg_stat_statements UPDATE; there.'
  );
}

function obstacleOf(error: unknown, { role, database }: StatementSourceRow, schema: string): string | null {
  if (!(error instanceof StatementError)) return null;
  if (error.sqlstate === notLoaded) {
    return (
      `pg_stat_statements is installed in database ${database}, but the server does not count: add pg_stat_statements to ` +
      'shared_preload_libraries in postgresql.conf and restart the server.'
    );
  }
  if (error.sqlstate !== sqlstates.insufficientPrivilege) return null;
  const [to, from] = [quoteIdentifier(role), quoteIdentifier(schema)];
  return (
    `Role ${role} may not read pg_stat_statements in database ${database}; have a superuser run GRANT USAGE ON SCHEMA ${from} TO ${to}; ` +
    `GRANT SELECT ON ${from}.pg_stat_statements, ${from}.pg_stat_statements_info TO ${to}; GRANT pg_read_all_stats TO ${to};`
  );
}

function hiddenRemarks(hidden: number, { role }: StatementSourceRow): readonly string[] {
  if (hidden === 0) return [];
  const what = hidden === 1 ? '1 statement of another role is' : `${hidden} statements of other roles are`;
  return [`${what} hidden from role ${role}; to see the texts: GRANT pg_read_all_stats TO ${quoteIdentifier(role)};`];
}

function lostRemarks(lost: number): readonly string[] {
  if (lost === 0) return [];
  const what = lost === 1 ? 'The text of 1 statement was' : `The texts of ${lost} statements were`;
  return [`${what} lost by pg_stat_statements (its file could not be written or read), and could not be looked at.`];
}
