import type { ColumnRef } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName } from '../../../partition/qualified-name.ts';

/**
 * Whether no visible entry of the log explains a difference at the key in `columns` (SQL, of the key's types). A TRUNCATE that was not replayed yet
 * explains all of them. Two conditions rather than one with OR, which could not be hashed.
 */
export function renderUnlogged(key: readonly ColumnRef[], columns: readonly string[], log: QualifiedName): string {
  const entries = `SELECT FROM ${formatQualifiedName(log)} AS e WHERE`;
  const same = key.map((_, index) => `e.k${index + 1} = ${columns[index] ?? 'NULL'}`).join(' AND ');
  return `NOT EXISTS (${entries} ${same}) AND NOT EXISTS (${entries} e.kind = 'truncate')`;
}
