import type { Grant, PartitionTemplate } from '../../partition/partition.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { Statement } from '../statement.ts';

/**
 * Makes the ACL equal to the template's: what default privileges added is revoked, what the owner lacks too, then all is granted.
 * A template without grants has no ACL of its own, and then only the revoke is needed, if anything.
 */
export function renderGrants(partition: QualifiedName, template: PartitionTemplate): readonly Statement[] {
  const table = formatQualifiedName(partition);
  const revoked = rolesToRevoke(template);
  const statements: Statement[] = [];
  if (revoked.length > 0) {
    statements.push({
      sql: `REVOKE ALL ON TABLE ${table} FROM ${revoked.map(renderGrantee).join(', ')}`,
      locks: [],
      reason: 'default privileges would make the partition more open than its parent',
    });
  }
  for (const [grantee, grants] of groupByGrantee(template.grants)) {
    // A new table's owner has all privileges on it; granting again only restores what the revoke took.
    const isOwners = grantee === template.owner && !revoked.includes(grantee);
    statements.push(...renderGrant(table, grantee, isOwners ? grants.filter((grant) => grant.column !== null) : grants));
  }
  return statements;
}

/**
 * The owner starts with all privileges: where the ACL gives the owner fewer, they are revoked first. "All" cannot be counted here
 * (MAINTAIN exists from 17 on), so the seven words that every version knows decide, and the grants restore the rest. Grants on columns alone
 * say nothing about the owner: the table itself then has no ACL.
 */
function rolesToRevoke(template: PartitionTemplate): readonly (string | null)[] {
  const onTable = template.grants.filter((grant) => grant.column === null);
  const owned = new Set(onTable.filter((grant) => grant.grantee === template.owner).map((grant) => grant.privilege));
  const isReduced = onTable.length > 0 && ownersWords.some((word) => !owned.has(word));
  return isReduced ? [...template.defaultGrantees, template.owner] : template.defaultGrantees;
}

const ownersWords = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'];

function groupByGrantee(grants: readonly Grant[]): ReadonlyMap<string | null, readonly Grant[]> {
  const groups = new Map<string | null, Grant[]>();
  for (const grant of grants) groups.set(grant.grantee, [...(groups.get(grant.grantee) ?? []), grant]);
  return groups;
}

function renderGrant(table: string, grantee: string | null, grants: readonly Grant[]): readonly Statement[] {
  return [false, true].flatMap((isGrantable) => {
    const words = grants.filter((grant) => grant.isGrantable === isGrantable).map(renderPrivilege);
    if (words.length === 0) return [];
    const option = isGrantable ? ' WITH GRANT OPTION' : '';
    return [
      {
        sql: `GRANT ${words.join(', ')} ON TABLE ${table} TO ${renderGrantee(grantee)}${option}`,
        locks: [],
        reason: 'the same grants as the parent',
      },
    ];
  });
}

function renderPrivilege(grant: Grant): string {
  return grant.column === null ? grant.privilege : `${grant.privilege} (${quoteIdentifier(grant.column)})`;
}

function renderGrantee(grantee: string | null): string {
  return grantee === null ? 'PUBLIC' : quoteIdentifier(grantee);
}
