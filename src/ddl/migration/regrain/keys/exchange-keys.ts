import type { ForeignKeyDefinition } from '../../../../partition/migration/definition.ts';
import type { MigrationSpec } from '../../../../partition/migration/spec.ts';
import type { QualifiedName } from '../../../../partition/qualified-name.ts';
import { renderRowCapture } from '../../capture/capture-functions.ts';
import { renderAdd, renderDrops } from '../../switch/keys/foreign-keys.ts';
import { renderKeyComment } from '../../switch/keys/key-comments.ts';
import { renderGuardFunction } from '../../target/guard.ts';
import { renderAlignKeys, renderDropFollowerKeys, renderDropRules } from './follower-keys.ts';

/** Foreign keys while partitions change places. */
export interface ExchangeKeys {
  /** Of the table, each of which every partition that comes has, and valid. */
  readonly outgoing: readonly ForeignKeyDefinition[];
  /** Of other tables to the table. */
  readonly incoming: readonly ForeignKeyDefinition[];
}

export interface KeyedPartition {
  readonly name: QualifiedName;
  /** What its foreign keys are called, the table's own among them. */
  readonly foreignKeys: readonly string[];
  readonly rules: readonly string[];
}

/** Before DETACH, which fails where a row is referenced. */
export function renderDropIncoming({ incoming }: ExchangeKeys): readonly string[] {
  return renderDrops(incoming.map(({ tableOid, table, name }) => ({ tableOid, table, name })));
}

/** Between DETACH and ATTACH: what leaves keeps no key, as it is to follow; what comes loses what held its keys back. */
export function renderPassKeys(
  { outgoing }: ExchangeKeys,
  leaving: readonly KeyedPartition[],
  coming: readonly KeyedPartition[],
): readonly string[] {
  return [
    ...leaving.flatMap(({ name, foreignKeys }) => renderDropFollowerKeys(name, foreignKeys)),
    ...coming.flatMap(({ name, rules }) => [...renderDropRules(name, rules), ...renderAlignKeys(name, outgoing)]),
  ];
}

/** After ATTACH. NOT VALID, so that no row is read under the lock: the rows are those that were referenced before. */
export function renderAddIncoming({ incoming }: ExchangeKeys): readonly string[] {
  return incoming.flatMap((key) => [renderAdd(key.table, [key], true), ...renderKeyComment(key.table, key.name, key.comment)]);
}

/** Capture by the log alone, and a guard that lets nobody by, once no partition that follows has a key. */
export function renderLogCapture(spec: MigrationSpec, journalSchema: string, id: string): readonly string[] {
  return [renderRowCapture(spec, journalSchema, id, 'log'), renderGuardFunction(journalSchema, id, spec.table)];
}

/** Capture that writes what follows as well, and a guard that lets the statements of triggers by. */
export function renderDualCapture(spec: MigrationSpec, journalSchema: string, id: string): readonly string[] {
  return [renderRowCapture(spec, journalSchema, id, 'dual'), renderGuardFunction(journalSchema, id, spec.table, 'triggers')];
}
