import type { TableDefinition } from '../../../partition/migration/definition.ts';
import { formatQualifiedName } from '../../../partition/qualified-name.ts';
import type { MigrationStep } from '../migration-plan.ts';

/** As pg_locks names them. Source: postgresql.org/docs/18/explicit-locking.html. */
export type LockMode =
  | 'AccessShareLock'
  | 'RowShareLock'
  | 'RowExclusiveLock'
  | 'ShareUpdateExclusiveLock'
  | 'ShareLock'
  | 'ShareRowExclusiveLock'
  | 'AccessExclusiveLock';

type Locks = MigrationStep['locks'];

/** Each relation once, in their order. */
export function locksOn(relations: readonly string[], mode: LockMode): Locks {
  return [...new Set(relations)].map((relation) => ({ relation, mode }));
}

/** Tables that this one references, and tables that reference it; itself left out. */
export function neighbours({ oid, outgoing, incoming }: TableDefinition): {
  readonly referenced: readonly string[];
  readonly referencing: readonly string[];
} {
  const others = (
    names: readonly { readonly name: Parameters<typeof formatQualifiedName>[0]; readonly oid: string }[],
  ): readonly string[] => [...new Set(names.filter((table) => table.oid !== oid).map(({ name }) => formatQualifiedName(name)))];
  return {
    referenced: others(outgoing.map((key) => ({ name: key.referenced, oid: key.referencedOid }))),
    referencing: others(incoming.map((key) => ({ name: key.table, oid: key.tableOid }))),
  };
}
