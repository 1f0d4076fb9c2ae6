import { formatQualifiedName } from '../../../partition/qualified-name.ts';
import type { MigrationCase } from '../migration-case.ts';
import { migrationNames } from '../migration-names.ts';
import type { MigrationStep } from '../migration-plan.ts';
import { locksOn } from './locks.ts';
import { finishStep, planStep, settleStep, switchStep } from './switch-steps.ts';

/** Steps 0 to 11 of the strategy copy (docs/guides/migration.md). Nothing in them depends on sizes or on the clock. */
export function copySteps(subject: MigrationCase): readonly MigrationStep[] {
  const { table: source } = subject;
  const names = migrationNames(subject.definition);
  const [target, old] = [formatQualifiedName(names.targetName), formatQualifiedName(names.oldName)];
  return [
    planStep(source),
    ...prepareSteps(subject, target),
    ...fillSteps(subject, target),
    switchStep(subject, [source, target]),
    settleStep(subject, 'Validate foreign keys, verify again, run the probes on both sides'),
    {
      number: 10,
      title: `Soak: what is written to ${source} is replayed into ${old}`,
      locks: [...locksOn([source], 'AccessShareLock'), ...locksOn([old], 'RowExclusiveLock')],
      duration: 'long',
      undo: 'migrate rollback: the old table takes over again, with all writes made since',
    },
    finishStep(subject, 'Finish: drop triggers and log', [source]),
  ];
}

function prepareSteps({ table: source, policy }: MigrationCase, target: string): readonly MigrationStep[] {
  const isDual = policy.migration.capture === 'dual';
  return [
    {
      number: 1,
      title: `Make ${target} with its partitions, primary key and a guard that lets nobody else write it`,
      locks: locksOn([source], 'AccessShareLock'),
      duration: 'brief',
      undo: 'drop what was made; migrate abort does',
    },
    {
      number: 2,
      title: isDual
        ? `Capture: triggers on ${source} note which rows change, and write ${target} as well`
        : `Capture: triggers on ${source} note which rows change`,
      locks: [...locksOn([source], 'ShareUpdateExclusiveLock'), ...locksOn([source], 'ShareRowExclusiveLock')],
      duration: 'brief',
      undo: 'drop the triggers; migrate abort does',
    },
    {
      number: 3,
      title: `Note the file and the size of ${source}`,
      locks: locksOn([source], 'AccessShareLock'),
      duration: 'brief',
      undo: 'delete the rows of the journal',
    },
  ];
}

function fillSteps({ definition, table: source, policy }: MigrationCase, target: string): readonly MigrationStep[] {
  const isDual = policy.migration.capture === 'dual';
  const hasConstraints = definition.indexes.some(({ constraint }) => constraint === 'unique' || constraint === 'exclusion');
  return [
    {
      number: 4,
      title: `Copy ${source} in batches, each in one transaction with its entry in the journal`,
      locks: [...locksOn([source], isDual ? 'RowShareLock' : 'AccessShareLock'), ...locksOn([target], 'RowExclusiveLock')],
      duration: 'long',
      undo: `empty ${target}`,
    },
    {
      number: 5,
      title: 'Catch up: replay what has changed until nothing was left once',
      locks: [...locksOn([source], isDual ? 'RowShareLock' : 'AccessShareLock'), ...locksOn([target], 'RowExclusiveLock')],
      duration: 'long',
      undo: 'none needed',
    },
    {
      number: 6,
      title: `Build the other indexes of ${target}, partition by partition; then VACUUM (FREEZE, ANALYZE)`,
      locks: [
        ...locksOn([target], 'ShareLock'),
        ...(hasConstraints ? locksOn([target], 'AccessExclusiveLock') : []),
        ...locksOn([target], 'ShareUpdateExclusiveLock'),
      ],
      duration: 'long',
      undo: 'drop the indexes',
    },
    {
      number: 7,
      title: 'Verify: compare all rows, indexes, constraints, grants and policies; from then on replay stays within a second',
      locks: locksOn([source, target], 'AccessShareLock'),
      duration: 'long',
      undo: 'migrate abort: the table is as it was',
    },
  ];
}
