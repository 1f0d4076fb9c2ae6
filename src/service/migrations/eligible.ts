import { isUnfinished, type MigrationTable, withMigration } from '../../migrate/run/begin-migration.ts';
import { waitsForPerson } from '../../migrate/run/pause-migration.ts';
import type { MigrationRecord } from '../../partition/migration/status.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';

/** A table whose migration a daemon may run. */
export interface Candidate {
  readonly policy: MigrationTable;
  /** Else only migrations of its partitions are meant, which need none. */
  readonly hasBlock: boolean;
}

/** All but those with `runner: cli`; among `tables` (null: all). */
export function migrationTables({ tables: policies }: DatabasePolicy, tables: readonly QualifiedName[] | null): readonly Candidate[] {
  const names = tables === null ? null : new Set(tables.map(formatQualifiedName));
  return policies.flatMap((policy) => {
    const { migration, table } = policy;
    if (migration?.runner === 'cli' || names?.has(formatQualifiedName(table)) === false) return [];
    return [{ policy: withMigration(policy), hasBlock: migration !== null }];
  });
}

/** A migration that somebody has begun, that no person must look at, and that is not over, with the entry of its table. */
export interface Eligible {
  readonly id: string;
  readonly policy: MigrationTable;
}

/** `records`: the newest first. */
export function eligible(tables: readonly Candidate[], records: readonly MigrationRecord[]): readonly Eligible[] {
  return tables.flatMap(({ policy, hasBlock }) => {
    const name = formatQualifiedName(policy.table);
    const record = records.find(({ table }) => formatQualifiedName(table) === name);
    if (record === undefined || !isUnfinished(record) || waitsForPerson(record)) return [];
    return hasBlock || record.regrain !== undefined ? [{ id: record.id, policy }] : [];
  });
}
