import { formatQualifiedName, type QualifiedName } from '../../../../partition/qualified-name.ts';
import { renderYieldAutovacuum } from '../../capture/yield-autovacuum.ts';

/**
 * Until the transaction ends: waits for the writers in flight, and who writes afterwards calls the functions that it has made anew, as taking a lock
 * brings what has changed in the catalog.
 */
export function renderShutOutWriters(tables: readonly QualifiedName[]): readonly string[] {
  return [
    ...tables.flatMap(renderYieldAutovacuum),
    ...tables.map((table) => `LOCK TABLE ONLY ${formatQualifiedName(table)} IN SHARE ROW EXCLUSIVE MODE`),
  ];
}
