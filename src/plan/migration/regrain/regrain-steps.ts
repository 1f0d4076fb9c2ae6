import type { TableDefinition } from '../../../partition/migration/definition.ts';
import type { Regrain } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName } from '../../../partition/qualified-name.ts';
import type { MigrationStep } from '../migration-plan.ts';
import { locksOn, neighbours } from '../steps/locks.ts';

/** The steps of partitions that change places with others, as a plan prints them. */
export function regrainSteps(definition: TableDefinition, beside: QualifiedName, { sources, targets }: Regrain): readonly MigrationStep[] {
  const [table, staging] = [formatQualifiedName(definition.name), formatQualifiedName(beside)];
  const { referenced, referencing } = neighbours(definition);
  const old = sources.map((source) => formatQualifiedName(source.name));
  const fresh = targets.map((target) => formatQualifiedName(target.name));
  const abort = 'migrate abort';
  return [
    { number: 0, title: `Plan the partitions of ${table}`, locks: [], duration: 'none', undo: 'nothing' },
    {
      number: 1,
      title: `Make ${staging} with the new partitions, their indexes and a guard; a CHECK equal to its bound on each old one`,
      locks: [...locksOn([table], 'AccessShareLock'), ...locksOn(old, 'AccessExclusiveLock')],
      duration: 'brief',
      undo: abort,
    },
    {
      number: 2,
      title: 'Capture the writes of the old ones',
      locks: locksOn(old, 'ShareRowExclusiveLock'),
      duration: 'brief',
      undo: abort,
    },
    {
      number: 4,
      title: 'Copy the rows in batches, catch up with the log',
      locks: locksOn(old, 'AccessShareLock'),
      duration: 'long',
      undo: abort,
    },
    {
      number: 7,
      title: 'Verify; then the log is replayed until the switch',
      locks: locksOn([table], 'AccessShareLock'),
      duration: 'long',
      undo: abort,
    },
    ...keySteps(old, fresh, referenced),
    {
      number: 8,
      title: 'Switch: drain the log, detach the old ones, attach the new ones, in one transaction',
      locks: locksOn([...referencing, table, staging, ...old, ...fresh, ...referenced], 'AccessExclusiveLock'),
      duration: 'switch',
      undo: 'migrate rollback: the old ones come back, with all writes made since',
    },
    ...incomingSteps(table, referencing),
    {
      number: 10,
      title: 'Soak: what is written is replayed into the old ones',
      locks: locksOn([table], 'AccessShareLock'),
      duration: 'long',
      undo: 'migrate rollback',
    },
    endStep(staging, [table, ...fresh, ...old]),
  ];
}

function endStep(staging: string, partitions: readonly string[]): MigrationStep {
  return {
    number: 11,
    title: `Finish: drop triggers, log and ${staging}; the old ones are dropped after keepOld`,
    locks: locksOn(partitions, 'AccessExclusiveLock'),
    duration: 'brief',
    undo: 'none: --yes',
  };
}

/** What `switch`, a rehearsal and `rollback` do first where the table has foreign keys; back with old and new the other way round. */
function keySteps(old: readonly string[], fresh: readonly string[], referenced: readonly string[]): readonly MigrationStep[] {
  if (referenced.length === 0) return [];
  const undo = 'the switch itself, else what comes after it, takes them away';
  return [
    {
      number: 8,
      title: 'First capture writes the new ones too, the log is replayed, and they are given the foreign keys, NOT VALID',
      locks: [...locksOn([...old, ...referenced], 'ShareRowExclusiveLock'), ...locksOn(fresh, 'AccessExclusiveLock')],
      duration: 'brief',
      undo,
    },
    {
      number: 8,
      title: 'Validate them, so that no row is read in the switch',
      locks: [...locksOn(fresh, 'ShareUpdateExclusiveLock'), ...locksOn(referenced, 'RowShareLock')],
      duration: 'long',
      undo,
    },
  ];
}

/** As in every switch, they are dropped and come back NOT VALID, so that no moment is unchecked. */
function incomingSteps(table: string, referencing: readonly string[]): readonly MigrationStep[] {
  if (referencing.length === 0) return [];
  return [
    {
      number: 9,
      title: 'Validate the foreign keys of other tables',
      locks: [...locksOn(referencing, 'ShareUpdateExclusiveLock'), ...locksOn([table], 'RowShareLock')],
      duration: 'long',
      undo: 'migrate rollback',
    },
  ];
}
