import type { Regrain } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName } from '../../../partition/qualified-name.ts';
import type { MigrationStep } from '../migration-plan.ts';
import { locksOn } from '../steps/locks.ts';

/** The steps of partitions that change places with others, as a plan prints them. */
export function regrainSteps(name: QualifiedName, beside: QualifiedName, { sources, targets }: Regrain): readonly MigrationStep[] {
  const [table, staging] = [formatQualifiedName(name), formatQualifiedName(beside)];
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
    {
      number: 8,
      title: 'Switch: drain the log, detach the old ones, attach the new ones, in one transaction',
      locks: locksOn([table, staging, ...old, ...fresh], 'AccessExclusiveLock'),
      duration: 'switch',
      undo: 'migrate rollback: the old ones come back, with all writes made since',
    },
    {
      number: 10,
      title: 'Soak: what is written is replayed into the old ones',
      locks: locksOn([table], 'AccessShareLock'),
      duration: 'long',
      undo: 'migrate rollback',
    },
    {
      number: 11,
      title: `Finish: drop triggers, log and ${staging}; the old ones are dropped after keepOld`,
      locks: locksOn([table, ...fresh, ...old], 'AccessExclusiveLock'),
      duration: 'brief',
      undo: 'none: --yes',
    },
  ];
}
