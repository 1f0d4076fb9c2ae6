import type { TableDefinition } from '../../../../partition/migration/definition.ts';
import { formatQualifiedName } from '../../../../partition/qualified-name.ts';
import { chooseKey } from '../../choice/choose-key.ts';
import { refuse } from '../../migration-case.ts';
import type { Refusal } from '../../migration-plan.ts';
import { judgeRegrainPublications } from './judge-publications.ts';

/** What keeps partitions from changing places with others: all of it at once, each by name. `sources`: the partitions themselves. */
export function judgeRegrain(table: TableDefinition, sources: readonly TableDefinition[], serverVersion: number): readonly Refusal[] {
  const name = formatQualifiedName(table.name);
  return [
    ...(chooseKey(table) === null
      ? [refuse(name, 'It has no primary key and no unique index on NOT NULL columns, by which rows could be told apart. Add one first.')]
      : []),
    ...table.indexes
      .filter(({ constraint, isTemporal }) => constraint === 'exclusion' || isTemporal)
      .map((index) =>
        refuse(
          `index ${index.name}`,
          'PostgreSQL takes no such index of a partition for the one of the table (exclusion, WITHOUT OVERLAPS), and would build it anew under the ' +
            'lock of the switch, and again on the way back.',
        ),
      ),
    ...judgeRegrainPublications(table, sources, serverVersion),
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
    ...source.incoming
      .filter(({ tableOid }) => tableOid !== source.oid)
      .map((key) => `foreign key ${key.name} of ${formatQualifiedName(key.table)}`),
  ];
  return hanging.map((what) =>
    refuse(what, `It is about ${name} itself and would stay behind with it. Make it about ${formatQualifiedName(table.name)}, or drop it.`),
  );
}
