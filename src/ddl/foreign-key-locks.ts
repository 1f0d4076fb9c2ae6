import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import type { Lock, LockMode } from './statement.ts';

/** The tables at the other end of foreign keys. Either list may hold the table itself. */
export interface ForeignKeyEnds {
  readonly references: readonly QualifiedName[];
  readonly referencedBy: readonly QualifiedName[];
}

/**
 * What each command takes at the other end of foreign keys, read from pg_locks of the open transaction on 14.23, 15.18, 16.14, 17.10 and
 * 18.4 (docs/locks.md). Only tables are listed: where such a table is partitioned itself, its partitions are locked with it.
 */
export function attachForeignKeyLocks(ends: ForeignKeyEnds, serverVersion: number): readonly Lock[] {
  const referencing: readonly LockMode[] = serverVersion < 150000 ? ['AccessShareLock'] : ['AccessShareLock', 'ShareRowExclusiveLock'];
  return [
    // Row share and access share are those of the check that the new, empty partition breaks no key.
    ...locksOn(ends.references, ['AccessShareLock', 'RowShareLock', 'ShareRowExclusiveLock']),
    ...locksOn(ends.referencedBy, referencing),
  ];
}

/** Plain and concurrent DETACH check that no row still refers to the partition: hence the SHARE lock, which stops writers. */
export function detachForeignKeyLocks(ends: ForeignKeyEnds): readonly Lock[] {
  return [
    ...locksOn(ends.references, ['ShareRowExclusiveLock']),
    ...locksOn(ends.referencedBy, ['AccessShareLock', 'ShareLock', 'AccessExclusiveLock']),
  ];
}

export function finalizeForeignKeyLocks(ends: ForeignKeyEnds): readonly Lock[] {
  return [...locksOn(ends.references, ['ShareRowExclusiveLock']), ...locksOn(ends.referencedBy, ['AccessExclusiveLock'])];
}

export function locksOn(tables: readonly QualifiedName[], modes: readonly LockMode[]): readonly Lock[] {
  return tables.flatMap((table) => modes.map((mode) => ({ relation: formatQualifiedName(table), mode })));
}
