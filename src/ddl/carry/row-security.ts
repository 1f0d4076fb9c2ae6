import type { PartitionTemplate, RowPolicy } from '../../partition/partition.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { Statement } from '../statement.ts';
import { retarget } from './retarget.ts';

/** Row security matters to whoever queries a partition directly; through the parent only the parent's policies apply. */
export function renderRowSecurity(
  partition: QualifiedName,
  parent: QualifiedName,
  rowSecurity: PartitionTemplate['rowSecurity'],
): readonly Statement[] {
  const table = formatQualifiedName(partition);
  const actions = [
    ...(rowSecurity.enabled ? ['ENABLE ROW LEVEL SECURITY'] : []),
    ...(rowSecurity.forced ? ['FORCE ROW LEVEL SECURITY'] : []),
  ];
  const switches =
    actions.length === 0 ? [] : [{ sql: `ALTER TABLE ${table} ${actions.join(', ')}`, locks: [], reason: 'row security as on the parent' }];
  return [...switches, ...rowSecurity.policies.map((policy) => renderPolicy(partition, parent, policy))];
}

function renderPolicy(partition: QualifiedName, parent: QualifiedName, policy: RowPolicy): Statement {
  const own = (expression: string): string => retarget(expression, parent.name, partition.name);
  const roles = policy.roles.map((role) => (role === null ? 'PUBLIC' : quoteIdentifier(role)));
  const parts = [
    `CREATE POLICY ${quoteIdentifier(policy.name)} ON ${formatQualifiedName(partition)}`,
    `AS ${policy.isPermissive ? 'PERMISSIVE' : 'RESTRICTIVE'}`,
    `FOR ${policy.command}`,
    `TO ${roles.length === 0 ? 'PUBLIC' : roles.join(', ')}`,
    ...(policy.using === null ? [] : [`USING (${own(policy.using)})`]),
    ...(policy.withCheck === null ? [] : [`WITH CHECK (${own(policy.withCheck)})`]),
  ];
  return { sql: parts.join(' '), locks: [], reason: 'the same policies as the parent' };
}
