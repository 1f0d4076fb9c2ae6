import type { PartitionedTable, PartitionTemplate } from '../partition/partition.ts';
import type { Session } from '../postgres/session.ts';
import { newestSibling } from './newest-sibling.ts';
import { decodePublication, type PublicationRow, publicationsSql } from './publications.sql.ts';
import { decodeTemplate, type TemplateRow, templateSql } from './template.sql.ts';

/**
 * What new partitions of `tables` carry over, by the oid of the table; two queries for all.
 */
export async function readTemplates(
  session: Session,
  tables: readonly PartitionedTable[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PartitionTemplate>> {
  if (tables.length === 0) return new Map();
  const siblings = tables.map(newestSibling);
  const rows = await session.rows(templateSql, [tables.map(({ oid }) => oid), siblings], decodeTemplate, signal);
  const publications = await readPublications(session, rows, siblings, signal);
  return new Map(
    rows.map((row) => {
      const sibling = siblings[row.ordinal - 1] ?? null;
      const table = tables[row.ordinal - 1];
      return [
        table?.oid ?? '',
        shapeTemplate(
          row,
          publications.filter((publication) => publication.sibling === sibling),
        ),
      ];
    }),
  );
}

async function readPublications(
  session: Session,
  rows: readonly TemplateRow[],
  siblings: readonly (string | null)[],
  signal: AbortSignal,
): Promise<readonly PublicationRow[]> {
  const published = rows.filter(({ isSiblingPublished }) => isSiblingPublished);
  const [first] = published;
  if (first === undefined) return [];
  const oids = published.map(({ ordinal }) => siblings[ordinal - 1]);
  return await session.rows(publicationsSql(first.serverVersion), [oids], decodePublication, signal);
}

export function shapeTemplate(row: TemplateRow, publications: readonly PublicationRow[]): PartitionTemplate {
  return {
    owner: row.owner,
    grants: row.grants,
    defaultGrantees: row.defaultGrantees,
    rowSecurity: { enabled: row.isRowSecurityEnabled, forced: row.isRowSecurityForced, policies: row.policies },
    replicaIdentity: replicaIdentity(row),
    publications: publications
      .filter(({ closedBy }) => closedBy === null)
      .map(({ publication, columns, filter }) => ({ publication, columns, filter })),
    closedPublications: publications.flatMap(({ publication, closedBy }) => (closedBy === null ? [] : [{ publication, owner: closedBy }])),
    storage: row.storage,
    tablespace: row.tablespace,
    accessMethod: row.accessMethod,
    statisticsTargets: row.statisticsTargets,
  };
}

/** An identity index that was dropped leaves "index" behind, which acts like "nothing". */
function replicaIdentity({ replicaIdentity: kind, replicaIndex }: TemplateRow): PartitionTemplate['replicaIdentity'] {
  if (kind !== 'index') return { kind };
  return replicaIndex === null ? { kind: 'nothing' } : { kind, definition: replicaIndex };
}
