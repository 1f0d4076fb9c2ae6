import { quoteIdentifier } from '../../../partition/qualified-name.ts';
import { formatBytes } from '../../maintenance/quantities.ts';
import { enumerate } from '../../wording.ts';
import { type Judgement, type MigrationCase, refuse } from '../migration-case.ts';
import { migrationNames, wantedNames } from '../migration-names.ts';
import { migrateCommand } from '../next-command.ts';

/** Whether names and disk suffice, and what else of the server matters. */
export function judgeResources(subject: MigrationCase, diskBytes: number): Judgement {
  const { definition, circumstances, policy, strategy } = subject;
  const wanted = new Set(wantedNames(definition, strategy));
  const taken = circumstances.takenNames.filter((name) => wanted.has(name));
  const schema = quoteIdentifier(definition.name.schema);
  const target = migrationNames(definition, strategy).targetName.name;
  // Neither the journal nor a trigger bears witness once the journal's schema was dropped.
  const unknown = taken.includes(target)
    ? ` Where the journal knows of no such migration, as after a DROP SCHEMA: DROP TABLE ${schema}.${quoteIdentifier(target)};`
    : '';
  const names = taken.map((name) =>
    refuse(
      `${schema}.${quoteIdentifier(name)}`,
      `The name ${schema}.${quoteIdentifier(name)} is needed and taken: rename or drop what has it. If it is left of an earlier migration, ` +
        `\`${migrateCommand('abort', definition.name)}\` removes that.${unknown}`,
    ),
  );
  const { diskFreeBytes } = policy.migration.copy;
  const disk =
    diskFreeBytes === null || diskFreeBytes >= diskBytes
      ? []
      : [
          refuse(
            'disk',
            `It needs about ${formatBytes(diskBytes)} more on disk, and migration.copy.diskFree says that ${formatBytes(diskFreeBytes)} are free: make ` +
              'room, then say so there.',
          ),
        ];
  return { refusals: [...names, ...disk], notes: [...slotNotes(subject), ...transactionNotes(subject)] };
}

function slotNotes({ circumstances, policy, strategy }: MigrationCase): readonly string[] {
  if (strategy === 'attach') return [];
  const { slotWalBytes } = policy.migration.brakes;
  return circumstances.slots.flatMap(({ name, retainedBytes }) =>
    retainedBytes === null || retainedBytes <= slotWalBytes
      ? []
      : [
          `Replication slot ${quoteIdentifier(name)} holds back ${formatBytes(retainedBytes)} of WAL, more than migration.brakes.slotWal: nothing is copied ` +
            'until its consumer has caught up.',
        ],
  );
}

function transactionNotes({ circumstances }: MigrationCase): readonly string[] {
  const { longTransactions } = circumstances;
  if (longTransactions.length === 0) return [];
  return [`Locks wait for transactions that have begun long ago; now there is ${enumerate(longTransactions)}.`];
}
