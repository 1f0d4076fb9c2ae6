import type { MissingPrivilege } from '../partition/partition.ts';
import { formatQualifiedName, quoteIdentifier } from '../partition/qualified-name.ts';
import type { Parent } from './describe-parent.ts';
import type { PartitionsRow } from './partitions.sql.ts';

/**
 * What the session's role lacks to do its work on a table, with the SQL that helps; empty when nothing. PostgreSQL asks for the rights of the
 * owner (a member that inherits them will do) for ATTACH, DETACH and DROP, and for CREATE on the schema for new tables and for moved ones.
 * Membership of a superuser is never advised: it would make the role one. Source: postgresql.org/docs/18/sql-altertable.html. Pure.
 */
export function missingPrivileges(
  { row, owner, policy }: Parent,
  partitions: Pick<PartitionsRow, 'foreignOwned' | 'foreignOwner' | 'superusersOwn'> | undefined,
): readonly MissingPrivilege[] {
  const table = formatQualifiedName(policy.table);
  const role = quoteIdentifier(row.role);
  const missing: MissingPrivilege[] = [];
  if (!row.canActAsOwner) {
    missing.push({
      missing: `attach and detach partitions: role ${role} is no member of ${quoteIdentifier(owner)}, which owns ${table}`,
      fix: row.isOwnerSuperuser ? `ALTER TABLE ${table} OWNER TO ${role};` : `GRANT ${quoteIdentifier(owner)} TO ${role};`,
    });
  }
  if (partitions !== undefined) missing.push(...foreignPartitions(row, owner, policy, partitions));
  if (!row.canUseSchema || !row.canCreateInSchema) {
    const schema = quoteIdentifier(policy.table.schema);
    missing.push({ missing: `create tables in schema ${schema}`, fix: `GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role};` });
  }
  if (!row.canSelect) missing.push({ missing: `look for the newest row of ${table}`, fix: `GRANT SELECT ON ${table} TO ${role};` });
  return [...missing, ...retentionSchema(row, policy.retention?.schema ?? null, role)];
}

function foreignPartitions(
  row: Parent['row'],
  owner: string,
  policy: Parent['policy'],
  { foreignOwned, foreignOwner, superusersOwn }: Pick<PartitionsRow, 'foreignOwned' | 'foreignOwner' | 'superusersOwn'>,
): readonly MissingPrivilege[] {
  if (foreignOwned === 0 || foreignOwner === null) return [];
  const [role, table, other] = [quoteIdentifier(row.role), formatQualifiedName(policy.table), quoteIdentifier(foreignOwner)];
  const missing = `drop partitions: ${foreignOwned} of ${table} belong to other roles, for example ${other}`;
  if (superusersOwn === null) return [{ missing, fix: `GRANT ${other} TO ${role};` }];
  return [{ missing, fix: `ALTER TABLE ${superusersOwn} OWNER TO ${row.isOwnerSuperuser ? role : quoteIdentifier(owner)};` }];
}

function retentionSchema(row: Parent['row'], schema: string | null, role: string): readonly MissingPrivilege[] {
  if (schema === null) return [];
  const quoted = quoteIdentifier(schema);
  if (!row.hasRetentionSchema) {
    const missing = `move detached tables: there is no schema ${quoted} (retention.schema)`;
    return [{ missing, fix: `CREATE SCHEMA ${quoted} AUTHORIZATION ${role};` }];
  }
  if (row.canCreateInRetentionSchema) return [];
  return [
    { missing: `move detached tables to schema ${quoted} (retention.schema)`, fix: `GRANT USAGE, CREATE ON SCHEMA ${quoted} TO ${role};` },
  ];
}
