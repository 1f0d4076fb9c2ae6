import { StatementError } from '../errors.ts';
import type { KeyColumn } from '../partition/key.ts';
import type { Partition } from '../partition/partition.ts';
import { quoteIdentifier } from '../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { nullable, number, row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { type KeySource, keyCast, keySource } from './key-source.ts';

/** What is in a default partition that is not empty. Keys as PostgreSQL prints them. */
export interface DefaultKeys {
  /** At most `countLimit + 1`. */
  readonly count: number;
  /** Live rows as the statistics system knows them. */
  readonly live: number;
  readonly min: string | null;
  /** Greatest key up to the horizon, and beyond it. */
  readonly upTo: string | null;
  readonly beyond: string | null;
}

/** Beyond this many rows their exact number helps nobody and would cost a scan. */
export const countLimit = 10_000;

/**
 * Counts the rows of a default partition up to `countLimit`, and finds their extreme keys: by the index when the key has one, else from the
 * rows counted; of more than those no keys are known, as finding them would read everything, in every run. `horizon` is a literal; null: everything is up to it. Answers a `StatementError` instead of throwing it.
 */
export async function readDefaultRows(
  session: Session,
  partition: Pick<Partition, 'oid' | 'name' | 'kind'>,
  key: KeyColumn,
  horizon: string | null,
  isKeyIndexed: boolean,
  signal: AbortSignal,
): Promise<DefaultKeys | StatementError> {
  const source = keySource(partition, key);
  const limit = horizon === null ? null : `$1::${keyCast(key)}`;
  const sql = isKeyIndexed ? byIndex(source, partition.oid, limit) : byScan(source, partition.oid, key, limit);
  try {
    const [found] = await session.rows(sql, horizon === null ? [] : [horizon], decode, signal);
    const { count, live } = found ?? { count: 0, live: 0 };
    if (found === undefined || (count > countLimit && !isKeyIndexed)) return { count, live, min: null, upTo: null, beyond: null };
    return found;
  } catch (error) {
    if (error instanceof StatementError) return error;
    throw error;
  }
}

function liveSql(oid: string): string {
  return `pg_catalog.pg_stat_get_live_tuples('${oid}'::pg_catalog.oid)`;
}

function countSql({ relation }: KeySource): string {
  return `(SELECT pg_catalog.count(*) FROM (SELECT FROM ${relation} LIMIT ${countLimit + 1}) AS counted)`;
}

function byIndex(source: KeySource, oid: string, limit: string | null): NamedSql {
  const { relation, key, keyText } = source;
  const extreme = (where: string, direction: string): string =>
    `(SELECT ${keyText} FROM ${relation} WHERE ${where} ORDER BY ${key} ${direction} LIMIT 1)`;
  return namedSql(
    'read-default-rows-by-index',
    /* sql */ `
    SELECT
      ${countSql(source)} AS "count",
      ${liveSql(oid)} AS "live",
      ${extreme(`${key} IS NOT NULL`, 'ASC')} AS "min",
      ${extreme(limit === null ? `${key} IS NOT NULL` : `${key} <= ${limit}`, 'DESC')} AS "upTo",
      ${limit === null ? 'NULL' : extreme(`${key} > ${limit}`, 'DESC')} AS "beyond"`,
  );
}

/** uuid has no min and max; its text sorts like itself. */
function byScan(source: KeySource, oid: string, column: KeyColumn, limit: string | null): NamedSql {
  const { relation, key, keyText } = source;
  const value = column.type === 'uuid' ? `${keyText} COLLATE pg_catalog."C"` : key;
  return namedSql(
    'read-default-rows-by-scan',
    /* sql */ `
    SELECT
      pg_catalog.count(*) AS "count",
      ${liveSql(oid)} AS "live",
      pg_catalog.min(${value})::pg_catalog.text AS "min",
      pg_catalog.max(${value})${limit === null ? '' : ` FILTER (WHERE ${key} <= ${limit})`}::pg_catalog.text AS "upTo",
      ${limit === null ? 'NULL' : `pg_catalog.max(${value}) FILTER (WHERE ${key} > ${limit})::pg_catalog.text`} AS "beyond"
    FROM (SELECT k.${quoteIdentifier(column.name)} FROM ${relation} LIMIT ${countLimit + 1}) AS k`,
  );
}

const decode = row<DefaultKeys>({ count: number, live: number, min: nullable(text), upTo: nullable(text), beyond: nullable(text) });
