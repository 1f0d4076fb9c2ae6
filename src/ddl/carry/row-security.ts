import type { PartitionTemplate, RowPolicy } from '../../partition/partition.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { Statement } from '../statement.ts';

/** Row security matters to whoever queries a partition directly; through the parent only the parent's policies apply. */
export function renderRowSecurity(partition: QualifiedName, rowSecurity: PartitionTemplate['rowSecurity']): readonly Statement[] {
  const table = formatQualifiedName(partition);
  const actions = [
    ...(rowSecurity.enabled ? ['ENABLE ROW LEVEL SECURITY'] : []),
    ...(rowSecurity.forced ? ['FORCE ROW LEVEL SECURITY'] : []),
  ];
  const switches =
    actions.length === 0 ? [] : [{ sql: `ALTER TABLE ${table} ${actions.join(', ')}`, locks: [], reason: 'row security as on the parent' }];
  return [...switches, ...rowSecurity.policies.map((policy) => renderPolicy(table, policy))];
}

function renderPolicy(table: string, policy: RowPolicy): Statement {
  const roles = policy.roles.map((role) => (role === null ? 'PUBLIC' : quoteIdentifier(role)));
  const parts = [
    `CREATE POLICY ${quoteIdentifier(policy.name)} ON ${table}`,
    `AS ${policy.isPermissive ? 'PERMISSIVE' : 'RESTRICTIVE'}`,
    `FOR ${policy.command}`,
    `TO ${roles.length === 0 ? 'PUBLIC' : roles.join(', ')}`,
    ...(policy.using === null ? [] : [`USING (${policy.using})`]),
    ...(policy.withCheck === null ? [] : [`WITH CHECK (${policy.withCheck})`]),
  ];
  return { sql: parts.join(' '), locks: [], reason: 'the same policies as the parent' };
}
