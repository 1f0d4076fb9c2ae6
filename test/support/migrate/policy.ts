import type { MigrationPolicy } from '../../../src/partition/migration/policy.ts';
import { defaultMigration } from '../../../src/plan/migration/regrain/default-policy.ts';

/** A policy with the defaults of the configuration (a unit test compares them); `partitionKey` is `occurred_at`. */
export function migrationPolicy(overrides: Partial<MigrationPolicy> = {}): MigrationPolicy {
  return { ...defaultMigration('occurred_at'), strategy: 'auto', ...overrides };
}
