import type { MigrationSpec, Regrain, RegrainRange } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { renderForValues } from '../../range-condition.ts';
import { captureTriggerPrefix } from '../capture/capture-triggers.ts';
import { type LockOrder, lockNeighbours, lockTable, type SwitchLock } from '../switch/locks.ts';
import { renderOldSnapshots } from '../switch/triggers/old-snapshots.ts';
import { guardTriggerName, renderGuard } from '../target/guard.ts';
import {
  type ExchangeKeys,
  type KeyedPartition,
  renderAddIncoming,
  renderDropIncoming,
  renderLogCapture,
  renderPassKeys,
} from './keys/exchange-keys.ts';

/** What leaves the table and what comes to it, with whether those that leave have a guard already. */
export interface Exchange {
  readonly id: string;
  readonly spec: MigrationSpec & { readonly regrain: Regrain };
  readonly leaving: readonly (RegrainRange & KeyedPartition & { readonly hasGuard: boolean })[];
  readonly coming: readonly (RegrainRange & KeyedPartition)[];
  readonly keys: ExchangeKeys;
}

/**
 * Exclusive on all that changes places, and on both ends of foreign keys, in the orders of any switch; `others`: what ATTACH locks besides, the
 * default partition. The table comes before its partitions: who waits, waits there.
 */
export function renderExchangeLocks(
  { spec, leaving, coming }: Exchange,
  others: readonly RegrainRange['name'][],
  order: LockOrder,
): readonly SwitchLock[] {
  const names = [spec.table, spec.targetName, ...leaving.map(({ name }) => name), ...coming.map(({ name }) => name), ...others];
  const { before, after } = lockNeighbours(spec.definition, order);
  return [...before, ...names.map((name) => lockTable(name, false)), ...after];
}

/**
 * Partitions change places between the table and the one beside it; capture goes with the table, the guard with what follows. No row is read.
 * Snapshots from before see none of the rows that were copied or replayed since, and no longer the partitions that had them: hence the trigger of
 * each switch.
 */
export function renderExchange({ id, spec, leaving, coming, keys }: Exchange, journalSchema: string): readonly string[] {
  const [table, beside] = [formatQualifiedName(spec.table), formatQualifiedName(spec.targetName)];
  const detach = (from: string, { name }: RegrainRange): string => `ALTER TABLE ${from} DETACH PARTITION ${formatQualifiedName(name)}`;
  const attach = (to: string, range: RegrainRange): string =>
    `ALTER TABLE ${to} ATTACH PARTITION ${formatQualifiedName(range.name)} ${range.rest === undefined ? renderForValues(range) : 'DEFAULT'}`;
  return [
    'SET CONSTRAINTS ALL IMMEDIATE',
    ...renderDropIncoming(keys),
    ...leaving.map((range) => detach(table, range)),
    ...coming.map((range) => detach(beside, range)),
    ...renderPassKeys(keys, leaving, coming),
    ...leaving.flatMap((range) => [
      `ALTER TABLE ${formatQualifiedName(range.name)} ${captureTriggers(id, 'DISABLE')}`,
      ...(range.hasGuard
        ? [`ALTER TABLE ${formatQualifiedName(range.name)} ENABLE ALWAYS TRIGGER ${quoteIdentifier(guardTriggerName(id))}`]
        : renderGuard(journalSchema, id, range.name)),
    ]),
    ...coming.map(
      ({ name }) =>
        `ALTER TABLE ${formatQualifiedName(name)} ${captureTriggers(id, 'ENABLE ALWAYS')}, DISABLE TRIGGER ${quoteIdentifier(guardTriggerName(id))}`,
    ),
    ...coming.map((range) => attach(table, range)),
    ...leaving.map((range) => attach(beside, range)),
    ...renderAddIncoming(keys),
    ...(keys.outgoing.length === 0 ? [] : renderLogCapture(spec, journalSchema, id)),
    ...renderOldSnapshots(id, spec.table, journalSchema),
  ];
}

function captureTriggers(id: string, state: string): string {
  return ['row', 'truncate'].map((which) => `${state} TRIGGER ${quoteIdentifier(`${captureTriggerPrefix(id)}${which}`)}`).join(', ');
}
