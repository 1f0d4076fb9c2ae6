import type { PublicationMembership } from '../../partition/partition.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { Statement } from '../statement.ts';

/** Publications that list partitions one by one; one that lists the parent covers new partitions by itself. */
export function renderPublications(partition: QualifiedName, publications: readonly PublicationMembership[]): readonly Statement[] {
  return publications.map(({ publication, columns, filter }) => {
    const list = columns === null ? '' : ` (${columns.map(quoteIdentifier).join(', ')})`;
    const where = filter === null ? '' : ` WHERE (${filter})`;
    return {
      sql: `ALTER PUBLICATION ${quoteIdentifier(publication)} ADD TABLE ${formatQualifiedName(partition)}${list}${where}`,
      locks: [],
      reason: 'published like its siblings',
    };
  });
}
