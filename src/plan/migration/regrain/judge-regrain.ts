import type { TableDefinition } from '../../../partition/migration/definition.ts';
import { formatQualifiedName } from '../../../partition/qualified-name.ts';
import { chooseKey } from '../choice/choose-key.ts';
import { refuse } from '../migration-case.ts';
import type { Refusal } from '../migration-plan.ts';

/** What keeps partitions from changing places with others: all of it at once, each by name. `sources`: the partitions themselves. */
export function judgeRegrain(table: TableDefinition, sources: readonly TableDefinition[]): readonly Refusal[] {
  const name = formatQualifiedName(table.name);
  const others = [...table.outgoing, ...table.incoming];
  return [
    ...(chooseKey(table) === null
      ? [refuse(name, 'It has no primary key and no unique index on NOT NULL columns, by which rows could be told apart. Add one first.')]
      : []),
    ...others.map((key) =>
      refuse(
        `foreign key ${key.name} of ${formatQualifiedName(key.table)}`,
        'Partitions of a table with foreign keys are not re-grained yet: drop the key before, and add it again NOT VALID afterwards.',
      ),
    ),
    ...[table, ...sources].flatMap((one) =>
      one.publications.map(({ publication }) =>
        refuse(
          `publication ${publication}`,
          `It sends the changes of ${formatQualifiedName(one.name)}, and would send copied rows as new ones.`,
        ),
      ),
    ),
    ...sources.flatMap((source) => ownRefusals(table, source)),
  ];
}

/** What hangs on a partition itself would stay behind with it. */
function ownRefusals(table: TableDefinition, source: TableDefinition): readonly Refusal[] {
  const name = formatQualifiedName(source.name);
  const own = source.triggers.filter((trigger) => !table.triggers.some((one) => one.name === trigger.name));
  const hanging = [
    ...own.map((trigger) => `trigger ${trigger.name}`),
    ...source.views.map((view) => `view ${formatQualifiedName(view.name)}`),
    ...source.functions.map(({ signature }) => `function ${signature}`),
    ...source.strays.map(({ description }) => description),
    ...source.unknownDependents,
    ...source.incoming.filter((key) => !table.incoming.some((one) => one.name === key.name)).map((key) => `foreign key ${key.name}`),
  ];
  return hanging.map((what) =>
    refuse(what, `It is about ${name} itself and would stay behind with it. Make it about ${formatQualifiedName(table.name)}, or drop it.`),
  );
}
