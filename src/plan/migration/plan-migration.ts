import { InvariantError } from '../../errors.ts';
import type { Circumstances } from '../../partition/migration/circumstances.ts';
import type { TableDefinition } from '../../partition/migration/definition.ts';
import type { MigrationPolicy } from '../../partition/migration/policy.ts';
import type { TablePolicy } from '../../partition/policy.ts';
import type { EpochMicros } from '../../partition/position.ts';
import type { MigrationPlan } from './migration-plan.ts';

/** The whole decision of `migrate plan`: strategy, refusals and waivers, names, steps with their locks, what it will cost. Pure. */
export function planMigration(
  _policy: TablePolicy & { readonly migration: MigrationPolicy },
  _definition: TableDefinition,
  _circumstances: Circumstances,
  _now: EpochMicros,
): MigrationPlan {
  throw new InvariantError('PD920', 'not yet');
}
