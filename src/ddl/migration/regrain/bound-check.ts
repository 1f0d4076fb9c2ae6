import type { MigrationSpec, RegrainRange } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { renderRangeCondition } from '../../range-condition.ts';

/** The CHECK by which ATTACH knows the bound without a scan, for as long as a migration lets partitions change places. */
export function boundCheckName(id: string): string {
  return `partitiond_bound_${id}`;
}

/** Brief, AccessExclusiveLock on the partition. */
export function renderAddBoundCheck({ partitionKey }: MigrationSpec, id: string, partition: RegrainRange): string {
  const { name: keyColumn, type: keyType, collation: keyCollation } = partitionKey;
  const { from, to, rest } = partition;
  const condition = rest ?? renderRangeCondition({ keyColumn, keyType, keyCollation, from, to });
  return `ALTER TABLE ${formatQualifiedName(partition.name)} ADD CONSTRAINT ${quoteIdentifier(boundCheckName(id))} CHECK (${condition}) NOT VALID`;
}

/** Scans under ShareUpdateExclusiveLock. */
export function renderValidateBoundCheck(id: string, { name }: Pick<RegrainRange, 'name'>): string {
  return `ALTER TABLE ${formatQualifiedName(name)} VALIDATE CONSTRAINT ${quoteIdentifier(boundCheckName(id))}`;
}
