import type { MigrationPhase } from '../../../partition/migration/spec.ts';
import type { TablePolicy } from '../../../partition/policy.ts';
import type { Engine } from '../../engine.ts';

/** Storage parameters that the partitions shall have in the end: the source's, under those of the policy. */
export function storageOf({ spec, policy }: Pick<Engine, 'spec' | 'policy'>): Readonly<Record<string, string>> {
  return { ...spec.definition.template.storage, ...policy.storage };
}

/** What autovacuum is told while the copy fills partitions that step 6 vacuums in any case. */
export const withoutAutovacuum: Readonly<Record<string, string>> = { autovacuum_enabled: 'false', 'toast.autovacuum_enabled': 'false' };

/** A partition that replay makes while indexes are built gets them by being attached, and step 6 does not come back to it. */
const filling: ReadonlySet<MigrationPhase> = new Set(['planned', 'prepare', 'backfill', 'catch-up']);

/**
 * The policy by which the target is provisioned: that of the table's entry, for the target, without all that is not provisioning; `startFrom` is
 * where the source's rows begin, null without rows. `hasOutliers`: a default partition is wanted for rows that no range is made for.
 */
export function targetPolicy(engine: Engine, startFrom: bigint | null, hasOutliers: boolean): TablePolicy {
  const { policy, spec, record } = engine;
  const { defaultPartition } = policy;
  return {
    ...policy,
    table: spec.targetName,
    startFrom: startFrom ?? policy.startFrom,
    storage: { ...storageOf(engine), ...(filling.has(record.phase) ? withoutAutovacuum : {}) },
    defaultPartition: hasOutliers && defaultPartition === 'keep' ? 'managed' : defaultPartition,
    retention: null,
    maintenance: null,
    indexes: [],
    dropRemovedIndexes: false,
    probes: [],
    migration: null,
  };
}
