import { literal } from '../../postgres/literal.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { bigint, list, nullable, number, row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import { qualify } from '../qualify.ts';

/** A pass of verification, as far as it has come; its chunks count from 1, number 0 says when it began. */
export interface Pass {
  /** Microseconds since 1970 UTC. */
  readonly startedAt: bigint;
  /** Of the last chunk, or the begin. */
  readonly lastAt: bigint;
  /** All chunks up to this one are done, by number; several workers may leave gaps behind it, and those are done again. */
  readonly doneUpTo: bigint;
  /** Where chunk `doneUpTo` ends; null: at the begin, or behind the last row when `isComplete`. */
  readonly upper: readonly string[] | null;
  readonly isComplete: boolean;
  readonly rows: number;
  readonly mismatches: number;
}

/** A verified range of keys; `upper` null is open. */
export interface Chunk {
  readonly ordinal: bigint;
  readonly upper: readonly string[] | null;
  readonly rows: number;
  readonly mismatches: number;
}

/** The newest pass of the migration; null when none was begun. */
export async function readPass(session: Session, schema: string, id: string, signal: AbortSignal): Promise<Pass | null> {
  const micros = (expression: string): string => `(EXTRACT(epoch FROM ${expression}) * 1000000)::pg_catalog.int8`;
  const read = namedSql(
    'read-migration-pass',
    /* sql */ `
    SELECT
      ${micros('pg_catalog.min(c.verified_at)')} AS "startedAt",
      ${micros('pg_catalog.max(c.verified_at)')} AS "lastAt",
      pg_catalog.max(c.ordinal)::pg_catalog.text AS "doneUpTo",
      (pg_catalog.array_agg(c.upper_text ORDER BY c.ordinal DESC))[1] AS "upper",
      pg_catalog.max(c.ordinal) > 0 AND (pg_catalog.array_agg(c.upper_text ORDER BY c.ordinal DESC))[1] IS NULL AS "isComplete",
      pg_catalog.sum(c.rows)::pg_catalog.text AS "rows",
      pg_catalog.sum(c.mismatches)::pg_catalog.text AS "mismatches"
    FROM (
      SELECT
        m.*,
        m.upper::pg_catalog.text AS upper_text,
        pg_catalog.row_number() OVER (ORDER BY m.ordinal) AS place
      FROM ${qualify(schema, 'migration_chunk')} AS m
      WHERE m.migration_id = $1::pg_catalog.int8
    ) AS c
    WHERE c.place = c.ordinal + 1
    HAVING pg_catalog.count(*) > 0`,
  );
  const [pass] = await session.rows(read, [id], decodePass, signal);
  return pass ?? null;
}

/** Without semicolons: forgets the chunks of any former pass. */
export function renderBeginPass(schema: string, id: string): readonly string[] {
  const table = qualify(schema, 'migration_chunk');
  return [
    `DELETE FROM ${table} WHERE migration_id = ${literal(id)}`,
    `INSERT INTO ${table} (migration_id, ordinal, rows, mismatches) VALUES (${literal(id)}, 0, 0, 0)`,
  ];
}

/** Without semicolon: forgets what is behind the first gap. */
export function renderResumePass(schema: string, id: string, { doneUpTo }: Pick<Pass, 'doneUpTo'>): string {
  return `DELETE FROM ${qualify(schema, 'migration_chunk')} WHERE migration_id = ${literal(id)} AND ordinal > ${doneUpTo}`;
}

/** Without semicolon. */
export function renderVerifiedChunk(schema: string, id: string, { ordinal, upper, rows, mismatches }: Chunk): string {
  const key = upper === null ? 'NULL' : `ARRAY[${upper.map(literal).join(', ')}]::pg_catalog.text[]`;
  return (
    `INSERT INTO ${qualify(schema, 'migration_chunk')} (migration_id, ordinal, upper, rows, mismatches) ` +
    `VALUES (${literal(id)}, ${ordinal}, ${key}, ${rows}, ${mismatches})`
  );
}

const decodePass = row<Pass>({
  startedAt: bigint,
  lastAt: bigint,
  doneUpTo: bigint,
  upper: nullable(list(text)),
  isComplete: (value) => value === 't',
  rows: number,
  mismatches: number,
});
