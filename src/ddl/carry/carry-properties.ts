import type { PartitionTemplate } from '../../partition/partition.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import type { Statement } from '../statement.ts';
import { renderGrants } from './grants.ts';
import { renderOwner } from './owner.ts';
import { renderPublications } from './publications.ts';
import { renderReplicaIdentity } from './replica-identity.ts';
import { renderRowSecurity } from './row-security.ts';
import { renderStatisticsTargets } from './statistics-targets.ts';

/**
 * What LIKE leaves behind and a new partition must have. Before ATTACH comes what makes the table safe to be seen, so that rows never lie in
 * a partition that is more open than its parent; everything is one transaction in any case. The owner comes first: grants are the owner's.
 */
export function carryBeforeAttach(partition: QualifiedName, parent: QualifiedName, template: PartitionTemplate): readonly Statement[] {
  return [
    renderOwner(partition, template.owner),
    ...renderGrants(partition, template),
    ...renderRowSecurity(partition, parent, template.rowSecurity),
    ...renderStatisticsTargets(partition, template.statisticsTargets),
  ];
}

/** What needs the indexes that ATTACH makes (replica identity), and publications, which need the replica identity for a row filter. */
export function carryAfterAttach(partition: QualifiedName, template: PartitionTemplate): readonly Statement[] {
  return [...renderReplicaIdentity(partition, template.replicaIdentity), ...renderPublications(partition, template.publications)];
}
