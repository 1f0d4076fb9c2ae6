import { notValidOnPartitioned } from '../../../../partition/migration/carry-over.ts';
import type { ForeignKeyDefinition, TableDefinition } from '../../../../partition/migration/definition.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../../partition/qualified-name.ts';
import { type Judgement, refuse } from '../../migration-case.ts';
import type { Refusal } from '../../migration-plan.ts';
import type { RegrainCase } from '../regrain-case.ts';

/** Foreign keys of the table and of others to it, while partitions change places. Pure. */
export function judgeRegrainKeys({
  definition: table,
  sources,
  inheritedKeys,
  serverVersion,
}: Pick<RegrainCase, 'definition' | 'sources' | 'inheritedKeys' | 'serverVersion'>): Judgement {
  const self = table.outgoing.filter(({ referencedOid }) => referencedOid === table.oid);
  const incoming = table.incoming.filter(({ tableOid }) => tableOid !== table.oid);
  const refusals = [
    ...inheritedKeys.map((key) =>
      refuse(key, 'The table has part in it as a partition of another, and could not drop it or add it by itself. Drop it before.'),
    ),
    ...self.map((key) =>
      refuseKey(key, 'It references the table itself: what follows could not be kept equal while it has such a key. Drop it before.'),
    ),
    ...incoming
      .filter(({ isTablePartitioned }) => isTablePartitioned && serverVersion < notValidOnPartitioned)
      .map((key) =>
        refuseKey(
          key,
          'Before PostgreSQL 18 a partitioned table has no foreign key NOT VALID: it would be checked row by row in the switch. Drop it before.',
        ),
      ),
    ...sources.flatMap((source) =>
      source.outgoing.map((key) =>
        refuseKey(key, 'It is a key of one partition, and would stay behind with it. Make it one of the table, or drop it.'),
      ),
    ),
  ];
  const leading = table.outgoing.filter(({ referencedOid }) => referencedOid !== table.oid);
  return { refusals, notes: leading.length === 0 ? [] : [noteOf(table, leading)] };
}

function refuseKey({ name, table }: ForeignKeyDefinition, why: string): Refusal {
  return refuse(`foreign key ${name} of ${formatQualifiedName(table)}`, why);
}

function noteOf({ name }: TableDefinition, keys: readonly ForeignKeyDefinition[]): string {
  const named = keys.map((key) => quoteIdentifier(key.name)).join(', ');
  const table = formatQualifiedName(name);
  return (
    `What is attached must have the foreign keys of ${table} (${named}), valid: switch, rehearsal and rollback make them first. For that time each write of ` +
    `${table} is also made in the copy, and an error of the copy (a full disk) is the application's; TRUNCATE of what they reference fails.`
  );
}
