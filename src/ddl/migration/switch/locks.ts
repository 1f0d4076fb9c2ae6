import type { TableDefinition } from '../../../partition/migration/definition.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import type { Lock } from '../../statement.ts';
import { incomingKeys } from './keys/foreign-keys.ts';
import type { Turn } from './turn.ts';

/** A lock of the switch and the statement that takes it. */
export interface SwitchLock extends Lock {
  readonly sql: string;
}

/** Which tables come before the migrated one: none, those that reference it, or all that are bound to it by a foreign key. */
export type LockOrder = 'table-first' | 'referencing-first' | 'others-first';

/** The order of attempt `number`, from 1 on: they take turns. */
export function lockOrderOf(number: number): LockOrder {
  const orders = ['table-first', 'referencing-first', 'others-first'] as const;
  return orders[(number - 1) % orders.length] ?? 'table-first';
}

/**
 * What others are kept from, and in which order. Each order suits one habit of applications: a statement on the table locks it first and then, for the
 * checks of its keys, the referenced tables (an insert) and the referencing ones (a delete, an update of the key); one that writes a
 * referencing table locks that first and then the table, and a transaction that writes parent and child the referenced table first. Each
 * would always lose against the other orders while these are busy, so attempts take turns (measured, 16 writers of the table who also delete
 * and move rows, one referencing table: 11 to 19 attempts without the first order). Views always come first: a reader locks the view before what it
 * reads. LOCK TABLE on a view would lock all other tables that it reads as well, so the view is locked by a change of its owner to its owner.
 * Source: PostgreSQL 14 to 18, lockcmds.c (LockViewRecurse), tablecmds.c (ATExecDropConstraint locks the referenced table exclusively).
 */
export function renderSwitchLocks(turn: Turn, order: LockOrder): readonly SwitchLock[] {
  const { spec, old, fresh } = turn;
  const { definition } = spec;
  const source = old.is === 'source' ? old : fresh;
  const target = old.is === 'target' ? old : fresh;
  const sides = [lockTable(source.before, false), lockTable(target.before, false)];
  const views = definition.views.map(({ name, owner }) => lockView(name, owner));
  const { before, after } = lockNeighbours(definition, order);
  return [...before, ...views, ...sides, ...after];
}

/** Of the tables at the other end of foreign keys: those that are locked before the table itself, and those after it. */
export function lockNeighbours(
  definition: TableDefinition,
  order: LockOrder,
): { readonly before: readonly SwitchLock[]; readonly after: readonly SwitchLock[] } {
  const referencing = incomingKeys(definition).map((key) => ({ oid: key.tableOid, name: key.table, isWhole: key.isTablePartitioned }));
  const referenced = definition.outgoing
    .filter(({ referencedOid }) => referencedOid !== definition.oid)
    .map((key) => ({ oid: key.referencedOid, name: key.referenced, isWhole: key.isReferencedPartitioned }));
  const before = { 'table-first': [], 'referencing-first': referencing, 'others-first': [...referenced, ...referencing] }[order];
  const early = lockAll(before);
  const seen = new Set(early.map(({ relation }) => relation));
  return { before: early, after: lockAll([...referenced, ...referencing]).filter(({ relation }) => !seen.has(relation)) };
}

interface Other {
  readonly oid: string;
  readonly name: QualifiedName;
  /** With its partitions, on each of which a trigger of the key goes or comes. */
  readonly isWhole: boolean;
}

function lockAll(tables: readonly Other[]): readonly SwitchLock[] {
  const once = new Map(tables.map((table) => [table.oid, table]));
  return [...once.values()].toSorted((a, b) => Number(a.oid) - Number(b.oid)).map(({ name, isWhole }) => lockTable(name, isWhole));
}

export function lockTable(name: QualifiedName, isWhole: boolean): SwitchLock {
  const relation = formatQualifiedName(name);
  return { relation, mode: 'AccessExclusiveLock', sql: `LOCK TABLE ${isWhole ? '' : 'ONLY '}${relation} IN ACCESS EXCLUSIVE MODE` };
}

function lockView(name: QualifiedName, owner: string): SwitchLock {
  const relation = formatQualifiedName(name);
  return { relation, mode: 'AccessExclusiveLock', sql: `ALTER VIEW ${relation} OWNER TO ${quoteIdentifier(owner)}` };
}
