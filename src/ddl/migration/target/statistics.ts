import type { StatisticsDefinition } from '../../../partition/migration/definition.ts';
import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { targetNameOf } from './target-names.ts';

/** Extended statistics on the target; an empty table's cost nothing, and partitions that are made later have them by LIKE. */
export function renderStatistics(spec: MigrationSpec): readonly string[] {
  return spec.definition.statistics.flatMap((statistics) => {
    const name = formatQualifiedName({
      schema: statistics.name.schema,
      name: targetNameOf(spec, ['statistics'], statistics.name.name),
    });
    return [
      renderCreate(spec, statistics, name),
      `ALTER STATISTICS ${name} OWNER TO ${quoteIdentifier(spec.definition.template.owner)}`,
      ...(statistics.target === null || statistics.target < 0 ? [] : [`ALTER STATISTICS ${name} SET STATISTICS ${statistics.target}`]),
    ];
  });
}

/** `CREATE STATISTICS old ... FROM table`: what lies between the two names is told unchanged. */
function renderCreate({ definition, targetName }: MigrationSpec, statistics: StatisticsDefinition, name: string): string {
  const head = `CREATE STATISTICS ${formatQualifiedName(statistics.name)}`;
  const tail = ` FROM ${formatQualifiedName(definition.name)}`;
  if (!statistics.definition.startsWith(head) || !statistics.definition.endsWith(tail)) {
    throw new RangeError(`The definition of statistics ${formatQualifiedName(statistics.name)} is not understood.`);
  }
  const middle = statistics.definition.slice(head.length, -tail.length);
  return `CREATE STATISTICS ${name}${middle} FROM ${formatQualifiedName(targetName)}`;
}
