import type { PublicationDefinition } from '../../../partition/migration/definition.ts';
import { quoteIdentifier } from '../../../partition/qualified-name.ts';
import { type Judgement, joinJudgements, type MigrationCase, refuse, refuseUnlessWaived } from '../migration-case.ts';

/** What subscribers see of a migration. */
export function judgePublications(subject: MigrationCase): Judgement {
  return joinJudgements(subject.definition.publications.map((publication) => judge(subject, publication)));
}

function judge({ table, definition, partitionKey }: MigrationCase, publication: PublicationDefinition): Judgement {
  const name = quoteIdentifier(publication.publication);
  const viaRoot = `ALTER PUBLICATION ${name} SET (publish_via_partition_root = true);`;
  if (publication.scope !== 'table') {
    const what = publication.scope === 'all' ? 'all tables' : `all tables of schema ${quoteIdentifier(definition.name.schema)}`;
    const message = `Publication ${name} publishes ${what}, and so the new table from its first row on: let it name its tables, or accept that.`;
    const consequence =
      `Subscribers of ${name} need the new table and its partitions before the migration starts, and are sent every row a second time under ` +
      'those names.';
    return { refusals: [refuseUnlessWaived('publication', name, message, consequence)], notes: [] };
  }
  if (publication.isViaRoot) {
    const lacksKey = publication.columns?.includes(partitionKey) === false;
    const { kind } = definition.template.replicaIdentity;
    // With FULL or NOTHING the source could not be updated either: then only inserts are published.
    if (!lacksKey || kind === 'full' || kind === 'nothing') return { refusals: [], notes: [] };
    const column = quoteIdentifier(partitionKey);
    const message =
      `Publication ${name} lists columns of ${table} without ${column}, which becomes part of the primary key and so of the replica identity: ` +
      `UPDATE and DELETE would fail after the switch. Give subscribers the column, and the publication ${column} in its list, or no list.`;
    return { refusals: [refuse(name, message)], notes: [] };
  }
  if (publication.filter !== null || publication.columns !== null) {
    const what = publication.filter === null ? 'a list of columns' : 'a row filter';
    const message = `Publication ${name} has ${what} for ${table}, which a partitioned table may only have when it publishes under its own name: ${viaRoot}`;
    return { refusals: [refuse(name, message)], notes: [] };
  }
  return {
    refusals: [],
    notes: [`Publication ${name} will publish changes under the names of partitions, which subscribers must have; else ${viaRoot}`],
  };
}
