import { formatSpan } from '../../../partition/interval.ts';
import { formatQualifiedName } from '../../../partition/qualified-name.ts';
import type { MigrationCase } from '../migration-case.ts';
import { migrationNames } from '../migration-names.ts';
import type { MigrationStep } from '../migration-plan.ts';
import { locksOn, neighbours } from './locks.ts';

export function planStep(source: string): MigrationStep {
  return { number: 0, title: `Look at ${source}: what you are reading`, locks: [], duration: 'none', undo: 'none needed' };
}

/** Both tables, and every table and view whose definition changes with them, under one lock for a moment. */
export function switchStep({ definition, table, policy }: MigrationCase, tables: readonly string[]): MigrationStep {
  const { referenced, referencing } = neighbours(definition);
  const views = definition.views.map(({ name }) => formatQualifiedName(name));
  return {
    number: 8,
    title: `Switch: the name ${table}, foreign keys, triggers, views and sequences pass to the new table, within ${policy.migration.switchover.maxLockMs} ms or not at all`,
    locks: [
      ...locksOn([table], 'ShareUpdateExclusiveLock'),
      ...locksOn([...referenced, ...referencing, ...tables, ...views], 'AccessExclusiveLock'),
    ],
    duration: 'switch',
    undo: 'migrate rollback, by the same locks',
  };
}

/** VALIDATE takes RowShareLock on what is referenced; adopting the keys of partitions before 18, where a parent takes none NOT VALID, more. */
export function settleStep({ definition, table, circumstances }: MigrationCase, title: string): MigrationStep {
  const { referenced, referencing } = neighbours(definition);
  const isAdopted = circumstances.serverVersion < 180_000 && definition.outgoing.length > 0;
  return {
    number: 9,
    title,
    locks: [
      ...locksOn([...(definition.outgoing.length > 0 ? [table] : []), ...referencing], 'ShareUpdateExclusiveLock'),
      ...locksOn([...referenced, ...(referencing.length > 0 ? [table] : [])], 'RowShareLock'),
      ...(isAdopted ? locksOn([table, ...referenced], 'ShareRowExclusiveLock') : []),
      ...locksOn([table], 'AccessShareLock'),
    ],
    duration: 'long',
    undo: 'migrate rollback',
  };
}

export function finishStep({ definition, policy }: MigrationCase, title: string, live: readonly string[]): MigrationStep {
  const { keepOld } = policy.migration;
  const old = formatQualifiedName(migrationNames(definition).oldName);
  return {
    number: 11,
    title: `${title}; ${old} is dropped ${formatSpan(keepOld)} later`,
    locks: locksOn([...live, old], 'AccessExclusiveLock'),
    duration: 'brief',
    undo: 'none, and therefore it asks for --yes',
  };
}
