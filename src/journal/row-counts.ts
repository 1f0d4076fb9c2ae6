import { namedSql } from '../postgres/named-sql.ts';
import { number, row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { qualify } from './qualify.ts';

/** What was counted in one table, and by what it is known to be unchanged since (see count-rows.ts). */
export interface RowCount {
  readonly oid: string;
  readonly rows: number;
  readonly evidence: string;
}

/** All counts there are. The journal must be installed, in the version that knows them. */
export async function readRowCounts(session: Session, schema: string, signal: AbortSignal): Promise<readonly RowCount[]> {
  const read = namedSql(
    'read-row-counts',
    /* sql */ `
    SELECT
      r.oid::pg_catalog.text AS "oid",
      r.rows AS "rows",
      r.evidence AS "evidence"
    FROM ${qualify(schema, 'row_count')} AS r`,
  );
  return await session.rows(read, [], decodeRowCount, signal);
}

/**
 * Writes `counts` over older ones of the same tables, and forgets tables that are gone. `guard` is SQL that raises unless this epoch is
 * current.
 */
export async function writeRowCounts(
  session: Session,
  schema: string,
  counts: readonly RowCount[],
  guard: string,
  signal: AbortSignal,
): Promise<void> {
  const table = qualify(schema, 'row_count');
  const upsert = namedSql(
    'write-row-counts',
    /* sql */ `
    WITH gone AS (
      DELETE FROM ${table} AS r WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = r.oid)
    )
    INSERT INTO ${table} AS r (oid, rows, evidence)
    SELECT w.oid, w.rows, w.evidence
    FROM ROWS FROM (
      pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.int8[]), pg_catalog.unnest($3::pg_catalog.text[])
    ) AS w (oid, rows, evidence)
    WHERE EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = w.oid)
    ON CONFLICT (oid) DO UPDATE SET rows = EXCLUDED.rows, evidence = EXCLUDED.evidence, counted_at = EXCLUDED.counted_at`,
  );
  const columns = [counts.map(({ oid }) => oid), counts.map(({ rows }) => rows), counts.map(({ evidence }) => evidence)];
  await session.transaction(async () => {
    // The collector's session is read-only but for this.
    await session.execute(`SET TRANSACTION READ WRITE; ${guard}`, signal);
    await session.rows(upsert, columns, () => null, signal);
  }, signal);
}

const decodeRowCount = row<RowCount>({ oid: text, rows: number, evidence: text });
