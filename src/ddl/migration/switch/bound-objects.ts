import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import type { Turn } from './turn.ts';

/**
 * After the renames: what PostgreSQL binds by oid is said again, and so means the table that has the name now. Views and functions keep oid, owner,
 * grants and comments; what reads them does not notice.
 */
export function renderBoundObjects({ spec }: Turn): readonly string[] {
  const { views, functions } = spec.definition;
  return [...views.map(({ statement }) => statement), ...functions.map(({ definition }) => definition)];
}

/** After the renames: publications that list the table by its own name list the new one, with columns and filter as they were planned. */
export function renderPublications({ spec, facts, old, fresh }: Turn): readonly string[] {
  const lists = (publication: string, oid: string): boolean =>
    facts.publications.some((one) => one.publication === publication && one.tableOid === oid);
  return spec.definition.publications
    .filter(({ scope }) => scope === 'table')
    .flatMap(({ publication, columns, filter }) => {
      const alter = `ALTER PUBLICATION ${quoteIdentifier(publication)}`;
      const list = columns === null ? '' : ` (${columns.map(quoteIdentifier).join(', ')})`;
      const where = filter === null ? '' : ` WHERE (${filter})`;
      return [
        ...(lists(publication, old.oid) ? [`${alter} DROP TABLE ONLY ${formatQualifiedName(old.after)}`] : []),
        ...(lists(publication, fresh.oid) ? [] : [`${alter} ADD TABLE ONLY ${formatQualifiedName(spec.table)}${list}${where}`]),
      ];
    });
}
