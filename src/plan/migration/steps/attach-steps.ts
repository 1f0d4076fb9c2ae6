import { formatQualifiedName } from '../../../partition/qualified-name.ts';
import type { MigrationCase } from '../migration-case.ts';
import { migrationNames } from '../migration-names.ts';
import type { MigrationStep } from '../migration-plan.ts';
import { locksOn } from './locks.ts';
import { planStep, settleStep, switchStep } from './switch-steps.ts';

/** The same numbers as those of copy, without those that move rows. */
export function attachSteps(subject: MigrationCase): readonly MigrationStep[] {
  const { definition, table: source } = subject;
  const names = migrationNames(definition);
  const target = formatQualifiedName(names.targetName);
  return [
    planStep(source),
    {
      number: 1,
      title: `CHECK on ${source} that all its rows lie before the first new partition: NOT VALID, then VALIDATE`,
      locks: [...locksOn([source], 'AccessExclusiveLock'), ...locksOn([source], 'ShareUpdateExclusiveLock')],
      duration: 'brief',
      undo: 'drop the CHECK; migrate abort does',
    },
    {
      number: 2,
      title: `Make ${target} with its further partitions, and indexes that those of ${source} can be attached to`,
      locks: locksOn([source], 'AccessShareLock'),
      duration: 'brief',
      undo: 'drop what was made; migrate abort does',
    },
    {
      number: 7,
      title: 'Verify: compare columns, indexes, constraints, grants and policies',
      locks: locksOn([source, target], 'AccessShareLock'),
      duration: 'brief',
      undo: 'migrate abort: the table is as it was',
    },
    switchStep(subject, [source, target]),
    settleStep(subject, 'Validate foreign keys, run the probes'),
    {
      number: 10,
      title: 'Soak: nothing is copied, the rows are where they were',
      locks: [],
      duration: 'none',
      undo: 'migrate rollback: up to 10,000 rows of the new partitions are moved back with it',
    },
    {
      number: 11,
      title: 'Finish: drop the CHECK; the big partition can be split from now on (migrate plan --partitions)',
      locks: locksOn([formatQualifiedName(names.oldName)], 'AccessExclusiveLock'),
      duration: 'brief',
      undo: 'none, and therefore it asks for --yes',
    },
  ];
}
