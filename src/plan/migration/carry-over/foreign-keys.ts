import { isReferenceable } from '../../../partition/migration/carry-over.ts';
import type { ForeignKeyDefinition } from '../../../partition/migration/definition.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { type Judgement, type MigrationCase, refuseUnlessWaived } from '../migration-case.ts';

/** Keys that the new table cannot be referenced by. Those of the table itself are among its outgoing ones, and told once. */
export function judgeForeignKeys({ definition, partitionKey }: MigrationCase): Judgement {
  const own = definition.outgoing.filter(({ referencedOid }) => referencedOid === definition.oid);
  const others = definition.incoming.filter(({ tableOid }) => tableOid !== definition.oid);
  const lost = [...own, ...others].filter((key) => !isReferenceable(key, partitionKey));
  return { refusals: lost.map((key) => refusal(key, partitionKey)), notes: [] };
}

function refusal({ name, table, referencedColumns, columns }: ForeignKeyDefinition, partitionKey: string): Judgement['refusals'][number] {
  const referenced = referencedColumns.map(quoteIdentifier).join(', ');
  const [owner, key] = [formatQualifiedName(table), quoteIdentifier(name)];
  const message =
    `Foreign key ${key} of ${owner} references (${referenced}), and can only reference a unique key, which must hold ${quoteIdentifier(partitionKey)}: add that column ` +
    'there and to the foreign key, or do without it.';
  const consequence =
    `The switch drops foreign key ${key} with its ON DELETE and ON UPDATE actions: nothing keeps (${columns.map(quoteIdentifier).join(', ')}) of ${owner} ` +
    'from naming rows that are not there. A rollback adds it again, and ends with an error while there are such rows.';
  return refuseUnlessWaived('drop-incoming-key', key, message, consequence);
}
