import type { KeyColumn } from '../../../partition/key.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { renderRangeCondition } from '../../range-condition.ts';

/** The CHECK on a source that is to be attached: all its rows lie before the first of the new partitions. One name for one migration. */
export function untilCheckName(id: string): string {
  return `partitiond_until_${id}`;
}

/**
 * Refuses from now on what belongs into a new partition, and reads no row: AccessExclusiveLock for an instant. The condition is the one that
 * PostgreSQL derives from FROM (MINVALUE) TO (until), or ATTACH would not believe it. `until` is a key value as its codec writes it.
 */
export function renderAddUntilCheck(table: QualifiedName, id: string, key: KeyColumn, until: string): string {
  const condition = renderRangeCondition({
    keyColumn: key.name,
    keyType: key.type,
    keyCollation: key.collation,
    from: null,
    to: until,
  });
  return `ALTER TABLE ${formatQualifiedName(table)} ADD CONSTRAINT ${quoteIdentifier(untilCheckName(id))} CHECK (${condition}) NOT VALID`;
}

/** Reads all rows once, under ShareUpdateExclusiveLock. */
export function renderValidateUntilCheck(table: QualifiedName, id: string): string {
  return `ALTER TABLE ${formatQualifiedName(table)} VALIDATE CONSTRAINT ${quoteIdentifier(untilCheckName(id))}`;
}

export function renderDropUntilCheck(table: QualifiedName, id: string): string {
  return `ALTER TABLE ${formatQualifiedName(table)} DROP CONSTRAINT ${quoteIdentifier(untilCheckName(id))}`;
}
