import { StatementError } from '../../../errors.ts';
import { namedSql } from '../../../postgres/named-sql.ts';
import { nullable, type RowDecoder, row, text } from '../../../postgres/row-decoder.ts';
import type { Session } from '../../../postgres/session.ts';

/** What holds for one planning only. */
export interface PlanningSettings {
  readonly searchPath: string;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  /** Null: the session's. */
  readonly role: string | null;
}

/** By this name a statement is prepared. */
export const preparedName = 'partitiond_audit';

/**
 * Lexes as libpg-query did, which judged the text. pg_stat_statements would keep our EXPLAINs with track = all, where we may switch it off.
 */
const settingsSql = namedSql(
  'prepare-planning',
  /* sql */ `
  SELECT
    pg_catalog.set_config('search_path', $1, true),
    pg_catalog.set_config('lock_timeout', $2, true),
    pg_catalog.set_config('statement_timeout', $3, true),
    pg_catalog.set_config('standard_conforming_strings', 'on', true),
    CASE WHEN pg_catalog.current_setting('is_superuser') = 'on'
      THEN pg_catalog.set_config('pg_stat_statements.track', 'none', true)
    END,
    CASE WHEN $4::pg_catalog.text IS NOT NULL THEN pg_catalog.set_config('role', $4::pg_catalog.text, true) END`,
);

/**
 * Runs `body` in a transaction that is read-only and rolled back, and takes what it prepared away. The first query takes the snapshot, after
 * which PostgreSQL refuses to make the transaction read-write again ("transaction read-write mode must be set before any query").
 */
export async function inPlanningTransaction<T>(
  session: Session,
  settings: PlanningSettings,
  body: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  await session.execute('BEGIN READ ONLY', signal);
  try {
    const { searchPath, lockTimeoutMs, statementTimeoutMs, role } = settings;
    await session.rows(settingsSql, [searchPath, String(lockTimeoutMs), String(statementTimeoutMs), role], nothing, signal);
    return await body();
  } finally {
    await session.complete(['ROLLBACK', 'DEALLOCATE ALL'], signal);
  }
}

const nothing: RowDecoder<void> = () => undefined;

const resolveSql = namedSql('resolve-relation', 'SELECT pg_catalog.to_regclass($1)::pg_catalog.oid::pg_catalog.text AS "oid"');

/** Oid of what a name means by the search path; null when that is nothing, or not for this role to know. */
export async function resolveRelation(session: Session, name: string, signal: AbortSignal): Promise<string | null> {
  const [found] = await session.rows(resolveSql, [name], row({ oid: nullable(text) }), signal);
  return found?.oid ?? null;
}

/** One statement without an answer; by the extended protocol, that takes no two. */
export async function change(session: Session, sql: string, signal: AbortSignal): Promise<void> {
  await session.rows(namedSql('prepare-statement', sql), [], nothing, signal);
}

/** The plan as JSON. `explain`: what stands before the statement, options included. */
export async function explain(
  session: Session,
  statement: { readonly explain: string; readonly text: string; readonly values: readonly (string | null)[] },
  signal: AbortSignal,
): Promise<string> {
  const sql = namedSql('explain-statement', `${statement.explain} ${statement.text}`);
  const [plan] = await session.rows(sql, statement.values, row({ 'QUERY PLAN': text }), signal);
  if (plan === undefined) throw new StatementError('PD501', 'Could not plan a statement: the server sent no plan.', 'XX000');
  return plan['QUERY PLAN'];
}
