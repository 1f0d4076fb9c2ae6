import { formatQualifiedName } from '../../../partition/qualified-name.ts';
import type { MigrationCase } from '../migration-case.ts';
import { migrationNames } from '../migration-names.ts';
import type { MigrationStep } from '../migration-plan.ts';
import { locksOn } from './locks.ts';
import { planStep, settleStep, switchStep } from './switch-steps.ts';

/** The same numbers as those of copy, without those that move rows. */
export function attachSteps(subject: MigrationCase): readonly MigrationStep[] {
  const { definition, table: source } = subject;
  const names = migrationNames(definition, 'attach');
  const [target, old] = [formatQualifiedName(names.targetName), formatQualifiedName(names.oldName)];
  const made = switchStep(subject, [source, target]);
  return [
    planStep(source),
    {
      number: 1,
      title: `Make ${target} with the partitions that follow the rows of ${source}, and an equal of each of its indexes`,
      locks: locksOn([source], 'AccessShareLock'),
      duration: 'brief',
      undo: 'drop what was made; migrate abort does',
    },
    {
      number: 2,
      title: `CHECK on ${source} that all its rows lie before the first of these partitions: NOT VALID for an instant, then VALIDATE`,
      locks: [...locksOn([source], 'AccessExclusiveLock'), ...locksOn([source], 'ShareUpdateExclusiveLock')],
      duration: 'brief',
      undo: 'drop the CHECK; migrate abort does',
    },
    {
      number: 7,
      title: 'Verify: the CHECK is valid, indexes, constraints, grants and policies of both are equal; no row is compared, as none moves',
      locks: locksOn([source, target], 'AccessShareLock'),
      duration: 'brief',
      undo: 'migrate abort: the table is as it was',
    },
    { ...made, title: `${made.title}; the old one becomes its partition ${old}, without a row being read, and the CHECK goes` },
    settleStep(subject, 'Validate foreign keys that name the table, compare both again'),
    {
      number: 10,
      title: 'Soak: nothing is copied, the rows are where they were',
      locks: [],
      duration: 'none',
      undo: 'migrate rollback: up to 10,000 rows of the new partitions are moved back with it, with more it is refused',
    },
    {
      number: 11,
      title: `Finish: the journal forgets the migration, nothing is dropped; ${old} can be cut up from now on (migrate plan --partitions)`,
      locks: [],
      duration: 'brief',
      undo: 'none, and therefore it asks for --yes',
    },
  ];
}
