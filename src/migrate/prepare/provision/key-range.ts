import { quoteLiteral } from '../../../partition/literal.ts';
import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { namedSql } from '../../../postgres/named-sql.ts';
import { nullable, row, text } from '../../../postgres/row-decoder.ts';
import type { Session } from '../../../postgres/session.ts';

/** Partition keys of the source as text; both null when it has no rows. */
export interface KeyRange {
  readonly min: string | null;
  readonly max: string | null;
}

/** An index on the key answers at once; without one it is a scan, for which the session's statement timeout does not hold. */
export async function readKeyRange(session: Session, { table, partitionKey }: MigrationSpec, signal: AbortSignal): Promise<KeyRange> {
  const key = quoteIdentifier(partitionKey.name);
  const edge = (direction: string): string =>
    `(SELECT ${key} FROM ONLY ${formatQualifiedName(table)} WHERE ${key} IS NOT NULL ORDER BY ${key} ${direction} LIMIT 1)::pg_catalog.text`;
  const decode = row<KeyRange>({ min: nullable(text), max: nullable(text) });
  const found = await patiently(session, `SELECT ${edge('ASC')} AS "min", ${edge('DESC')} AS "max"`, decode, signal);
  return found ?? { min: null, max: null };
}

/** The greatest key at or before `horizon`, a value as text; null when all rows lie beyond. */
export async function readGreatestBefore(
  session: Session,
  { table, partitionKey }: MigrationSpec,
  horizon: string,
  signal: AbortSignal,
): Promise<string | null> {
  const key = quoteIdentifier(partitionKey.name);
  const sql =
    `SELECT (SELECT ${key} FROM ONLY ${formatQualifiedName(table)} WHERE ${key} <= ${quoteLiteral(horizon)}::${partitionKey.type} ` +
    `ORDER BY ${key} DESC LIMIT 1)::pg_catalog.text AS "greatest"`;
  const found = await patiently(session, sql, row<{ greatest: string | null }>({ greatest: nullable(text) }), signal);
  return found?.greatest ?? null;
}

async function patiently<T extends object>(
  session: Session,
  sql: string,
  decode: ReturnType<typeof row<T>>,
  signal: AbortSignal,
): Promise<T | null> {
  return await session.transaction(async () => {
    await session.execute('SET LOCAL statement_timeout = 0', signal);
    const [found] = await session.rows({ ...namedSql('migration-key-range', sql), timeoutMs: 0 }, [], decode, signal);
    return found ?? null;
  }, signal);
}
