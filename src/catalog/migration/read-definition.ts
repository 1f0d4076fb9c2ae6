import { MigrationError } from '../../errors.ts';
import type { TableDefinition } from '../../partition/migration/definition.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { number, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import { shapeTemplate } from '../read-templates.ts';
import { decodeTemplate, templateSql } from '../template.sql.ts';
import { commentsPart, labelsPart, sequencesPart, statisticsPart } from './definition/attachments.sql.ts';
import { columnOptionsPart, columnsPart } from './definition/columns.sql.ts';
import { checksPart, incomingPart, outgoingPart } from './definition/constraints.sql.ts';
import { indexesPart } from './definition/indexes.sql.ts';
import { publicationsPart } from './definition/publications.sql.ts';
import { functionsPart, viewsPart } from './definition/readers.sql.ts';
import { straysPart, unknownDependentsPart } from './definition/strays.sql.ts';
import { belongsToPart, heirsPart, ofTypePart, parentsPart, persistencePart } from './definition/table.sql.ts';
import { triggersPart } from './definition/triggers.sql.ts';
import type { DefinitionPart } from './facts/definition-part.sql.ts';
import { decodeFingerprint, fingerprintSql } from './facts/fingerprint.sql.ts';

/** Read part by part; what is left out stands in every row, or is the template's. */
type Parts = Omit<TableDefinition, 'oid' | 'name' | 'relkind' | 'template'>;

const parts: { readonly [K in keyof Parts]: DefinitionPart<Parts[K]> } = {
  persistence: persistencePart,
  ofType: ofTypePart,
  belongsTo: belongsToPart,
  parents: parentsPart,
  heirs: heirsPart,
  columns: columnsPart,
  indexes: indexesPart,
  checks: checksPart,
  outgoing: outgoingPart,
  incoming: incomingPart,
  triggers: triggersPart,
  sequences: sequencesPart,
  views: viewsPart,
  functions: functionsPart,
  publications: publicationsPart,
  statistics: statisticsPart,
  comments: commentsPart,
  labels: labelsPart,
  columnOptions: columnOptionsPart,
  strays: straysPart,
  unknownDependents: unknownDependentsPart,
};

/**
 * The table of that name with all that hangs on it, in one snapshot; null when there is none. Locks no relation beyond AccessShare. Deparsed texts
 * are those of the moment, for PostgreSQL's deparser looks past the snapshot of an older transaction.
 */
export async function readDefinition(session: Session, table: QualifiedName, signal: AbortSignal): Promise<TableDefinition | null> {
  const [found] = await session.rows(locateSql, [table.schema, table.name], decodeLocated, signal);
  if (found === undefined) return null;
  const [definition] = await session.rows(definitionSql(found.version), [[found.oid], [found.oid]], decodeDefinition, signal);
  return definition ?? null;
}

/**
 * Digest of what must not change under a migration: name, columns, defaults, constraints (foreign keys to the table too), indexes, triggers with
 * their state (those of the migration included, so that a disabled one shows), owner, row security, replica identity. Not the file: VACUUM FULL
 * is the engine's to follow. Takes no lock on the table. `partitions`: oids of those that must not change either. Throws `MigrationError` (PD610)
 * when the table is gone.
 */
export async function readFingerprint(
  session: Session,
  oid: string,
  signal: AbortSignal,
  partitions: readonly string[] = [],
): Promise<string> {
  const all = await session.rows(fingerprintSql, [[oid, ...partitions]], decodeFingerprint, signal);
  const found = all.find((one) => one.oid === oid);
  if (found === undefined) throw new MigrationError('PD610', `The table that is being migrated (oid ${oid}) was dropped.`);
  return partitions.length === 0 ? found.fingerprint : all.map((one) => `${one.oid}:${one.fingerprint}`).join(' ');
}

const locateSql: NamedSql = namedSql(
  'locate-migrated-table',
  /* sql */ `
  SELECT
    c.oid::pg_catalog.text AS "oid",
    pg_catalog.current_setting('server_version_num') AS "version"
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = $1
    AND c.relname = $2
    AND c.relkind NOT IN ('i', 'I', 'S', 'c', 't')`,
);

const decodeLocated: RowDecoder<{ readonly oid: string; readonly version: number }> = row({ oid: text, version: number });

/** The template's query takes lists of oids, `$1` of tables and `$2` of those whose storage counts: here the table itself. */
function definitionSql(version: number): NamedSql {
  const columns = Object.entries(parts).map(([name, { sql }]) => `${sql(version)} AS "${name}"`);
  return namedSql(
    'read-definition',
    /* sql */ `
  SELECT
    t.oid::pg_catalog.text AS "oid",
    n.nspname AS "schema",
    t.relname AS "table",
    t.relkind::pg_catalog.text AS "relkind",
    template.*,
    ${columns.join(',\n    ')}
  FROM pg_catalog.pg_class AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  CROSS JOIN (${templateSql.text}) AS template
  WHERE t.oid = ($1::pg_catalog.oid[])[1]`,
  );
}

const decodeHead = row<{ readonly oid: string; readonly schema: string; readonly table: string; readonly relkind: string }>({
  oid: text,
  schema: text,
  table: text,
  relkind: text,
});

const decodeParts = row<Parts>({
  persistence: parts.persistence.decode,
  ofType: parts.ofType.decode,
  belongsTo: parts.belongsTo.decode,
  parents: parts.parents.decode,
  heirs: parts.heirs.decode,
  columns: parts.columns.decode,
  indexes: parts.indexes.decode,
  checks: parts.checks.decode,
  outgoing: parts.outgoing.decode,
  incoming: parts.incoming.decode,
  triggers: parts.triggers.decode,
  sequences: parts.sequences.decode,
  views: parts.views.decode,
  functions: parts.functions.decode,
  publications: parts.publications.decode,
  statistics: parts.statistics.decode,
  comments: parts.comments.decode,
  labels: parts.labels.decode,
  columnOptions: parts.columnOptions.decode,
  strays: parts.strays.decode,
  unknownDependents: parts.unknownDependents.decode,
});

const decodeDefinition: RowDecoder<TableDefinition> = (values, queryName) => {
  const { schema, table, ...head } = decodeHead(values, queryName);
  return {
    ...head,
    name: { schema, name: table },
    ...decodeParts(values, queryName),
    template: shapeTemplate(decodeTemplate(values, queryName), []),
  };
};
