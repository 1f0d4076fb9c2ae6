import type { PublicationDefinition, TableDefinition } from '../../../../partition/migration/definition.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../../partition/qualified-name.ts';
import { refuse, refuseUnlessWaived } from '../../migration-case.ts';
import type { Refusal } from '../../migration-plan.ts';

/** A walsender of 14 goes on to send, or not, what a partition was when it first decoded a row of it; later ones notice ATTACH and DETACH. */
const noticesAttach = 150_000;

/**
 * What subscribers see. The table beside is in no publication that names the table, so copied rows are not sent; from the switch on the new partitions
 * are the table's, which `publish_via_partition_root` publishes under its own name.
 */
export function judgeRegrainPublications(
  table: TableDefinition,
  sources: readonly TableDefinition[],
  serverVersion: number,
): readonly Refusal[] {
  const own = sources.flatMap((source) =>
    source.publications.flatMap((publication) => (publication.scope === 'table' ? [refuseOwn(source, publication)] : [])),
  );
  return [...table.publications.flatMap((publication) => judge(table, publication, serverVersion)), ...own];
}

function judge(
  { name }: TableDefinition,
  { publication, scope, isViaRoot }: PublicationDefinition,
  serverVersion: number,
): readonly Refusal[] {
  const subject = `publication ${publication}`;
  const table = formatQualifiedName(name);
  if (scope !== 'table') {
    const what = scope === 'all' ? 'all tables' : `all tables of schema ${quoteIdentifier(name.schema)}`;
    return [refuse(subject, `It publishes ${what}, and would send copied rows as new ones: let it name its tables.`)];
  }
  if (serverVersion < noticesAttach) {
    const fix = 'Take the table out before, and synchronise subscribers again afterwards, or upgrade';
    return [refuse(subject, `PostgreSQL 14 does not notice while it sends changes that partitions of ${table} change places. ${fix}.`)];
  }
  if (isViaRoot) return [];
  const message =
    `It publishes ${table} under the names of its partitions, and subscribers must have the new ones: accept that, or ` +
    `ALTER PUBLICATION ${quoteIdentifier(publication)} SET (publish_via_partition_root = true);`;
  const consequence = 'From the switch on changes come under the names of the new partitions. What subscribers lack of these stops them.';
  return [refuseUnlessWaived('publication', subject, message, consequence)];
}

function refuseOwn({ name }: TableDefinition, { publication }: PublicationDefinition): Refusal {
  const partition = formatQualifiedName(name);
  return refuse(
    `publication ${publication}`,
    `It names ${partition}, whose rows go to others: let it name the table, or take ${partition} out.`,
  );
}
