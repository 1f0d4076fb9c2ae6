import { literal } from '../../postgres/literal.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { list, number, oneOf, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import { qualify } from '../qualify.ts';

/** A row at which both sides differ and may not: by the key's columns as text. */
export interface Mismatch {
  /** From the follower, or from the target while it is filled: missing, one too many, or with other content. */
  readonly kind: 'missing' | 'extra' | 'different';
  readonly key: readonly string[];
}

/** Without semicolon; `mismatches` is not empty. Found again, it is as new. */
export function renderMismatches(schema: string, id: string, mismatches: readonly Mismatch[]): string {
  const rows = [...new Set(mismatches.map(({ kind, key }) => `(${literal(id)}, ARRAY[${key.map(literal).join(', ')}], ${literal(kind)})`))];
  return (
    `INSERT INTO ${qualify(schema, 'migration_mismatch')} (migration_id, key, kind) VALUES ${rows.join(', ')} ` +
    'ON CONFLICT (migration_id, key, kind) DO UPDATE SET found_at = EXCLUDED.found_at'
  );
}

/** Without semicolon: what was last found before `at` (microseconds since 1970 UTC), which a whole pass has not found again. */
export function renderForgetMismatches(schema: string, id: string, at: bigint): string {
  return (
    `DELETE FROM ${qualify(schema, 'migration_mismatch')} WHERE migration_id = ${literal(id)} ` +
    `AND (EXTRACT(epoch FROM found_at) * 1000000)::pg_catalog.int8 < ${at}`
  );
}

/** How many rows are known to differ. */
export async function readMismatchCount(session: Session, schema: string, id: string, signal: AbortSignal): Promise<number> {
  const count = namedSql(
    'count-migration-mismatches',
    `SELECT pg_catalog.count(*) AS "count" FROM ${qualify(schema, 'migration_mismatch')} AS m WHERE m.migration_id = $1::pg_catalog.int8`,
  );
  const [found] = await session.rows(count, [id], row<{ count: number }>({ count: number }), signal);
  return found?.count ?? 0;
}

/** Of a query with the columns `kind` and `key`, a text[]. */
export const decodeMismatch: RowDecoder<Mismatch> = row<Mismatch>({ kind: oneOf('missing', 'extra', 'different'), key: list(text) });
