import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';

/** One row `rows`, at most `limit`: how many rows the new partitions hold, `leaves` being all of them but the old table. */
export function renderCountBeyond(leaves: readonly QualifiedName[], limit: number): string {
  const all = leaves.map((leaf) => `SELECT FROM ONLY ${formatQualifiedName(leaf)}`).join(' UNION ALL ');
  const rows = leaves.length === 0 ? 'SELECT WHERE false' : `${all} LIMIT ${limit}`;
  return `SELECT pg_catalog.count(*) AS "rows" FROM (${rows}) AS beyond`;
}

/**
 * Under the locks of a rollback, once the old table is a partition no more: what is left in `from` are rows of the new partitions. No trigger of
 * the application sees them move.
 */
export function renderMoveBack({ columns, isIdentityKept }: MigrationSpec, from: QualifiedName, to: QualifiedName): readonly string[] {
  const list = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const overriding = isIdentityKept ? ' OVERRIDING SYSTEM VALUE' : '';
  const parent = formatQualifiedName(from);
  return [`INSERT INTO ${formatQualifiedName(to)} (${list})${overriding} SELECT ${list} FROM ${parent}`, `DELETE FROM ${parent}`];
}
