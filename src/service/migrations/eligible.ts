import { isUnfinished, type MigrationTable } from '../../migrate/run/begin-migration.ts';
import type { MigrationRecord } from '../../partition/migration/status.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';

/** Tables whose migration a daemon may run: `runner: any`, and among `tables` (null: all). */
export function migrationTables({ tables: policies }: DatabasePolicy, tables: readonly QualifiedName[] | null): readonly MigrationTable[] {
  const names = tables === null ? null : new Set(tables.map(formatQualifiedName));
  return policies.flatMap((policy) => {
    const { migration, table } = policy;
    if (migration === null || migration.runner !== 'any' || names?.has(formatQualifiedName(table)) === false) return [];
    return [{ ...policy, migration }];
  });
}

/** A migration that somebody has begun, that no person must look at, and that is not over, with the entry of its table. */
export interface Eligible {
  readonly id: string;
  readonly policy: MigrationTable;
}

/** `records`: the newest first. */
export function eligible(tables: readonly MigrationTable[], records: readonly MigrationRecord[]): readonly Eligible[] {
  return tables.flatMap((policy) => {
    const name = formatQualifiedName(policy.table);
    const record = records.find(({ table }) => formatQualifiedName(table) === name);
    return record !== undefined && isUnfinished(record) && record.paused === null ? [{ id: record.id, policy }] : [];
  });
}
