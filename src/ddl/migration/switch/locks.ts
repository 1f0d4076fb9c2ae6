import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import type { Lock } from '../../statement.ts';
import { incomingKeys } from './keys/foreign-keys.ts';
import type { Turn } from './turn.ts';

/** A lock of the switch and the statement that takes it. */
export interface SwitchLock extends Lock {
  readonly sql: string;
}

/**
 * What others are kept from, and in which order. Each order suits one habit of applications: a transaction that inserts into the table alone
 * locks it first and then, for the check of a key, the referenced table; one that writes parent and child locks the referenced table first. Either
 * would always lose against the other order while it is busy, so attempts take turns. Referencing tables come before the table in both, as their
 * writers lock them first, and views too: a reader locks the view before what it reads. LOCK TABLE on a view would lock all other tables
 * that it reads as well, so the view is locked by a change of its owner to its owner.
 * Source: PostgreSQL 14 to 18, lockcmds.c (LockViewRecurse), tablecmds.c (ATExecDropConstraint locks the referenced table exclusively).
 */
export function renderSwitchLocks(turn: Turn, isReferencedFirst: boolean): readonly SwitchLock[] {
  const { spec, old, fresh } = turn;
  const { definition } = spec;
  const referencing = incomingKeys(definition).map((key) => ({ oid: key.tableOid, name: key.table, isWhole: key.isTablePartitioned }));
  const referenced = definition.outgoing
    .filter(({ referencedOid }) => referencedOid !== definition.oid)
    .map((key) => ({ oid: key.referencedOid, name: key.referenced, isWhole: key.isReferencedPartitioned }));
  const source = old.is === 'source' ? old : fresh;
  const target = old.is === 'target' ? old : fresh;
  const sides = [lockTable(source.before, false), lockTable(target.before, false)];
  const views = definition.views.map(({ name, owner }) => lockView(name, owner));
  const others = isReferencedFirst ? lockAll([...referenced, ...referencing]) : lockAll(referencing);
  const seen = new Set(others.map(({ relation }) => relation));
  const last = isReferencedFirst ? [] : lockAll(referenced).filter(({ relation }) => !seen.has(relation));
  return [...others, ...views, ...sides, ...last];
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

function lockTable(name: QualifiedName, isWhole: boolean): SwitchLock {
  const relation = formatQualifiedName(name);
  return { relation, mode: 'AccessExclusiveLock', sql: `LOCK TABLE ${isWhole ? '' : 'ONLY '}${relation} IN ACCESS EXCLUSIVE MODE` };
}

function lockView(name: QualifiedName, owner: string): SwitchLock {
  const relation = formatQualifiedName(name);
  return { relation, mode: 'AccessExclusiveLock', sql: `ALTER VIEW ${relation} OWNER TO ${quoteIdentifier(owner)}` };
}
