import { quoteLiteral } from '../../../partition/literal.ts';
import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';

/** From this version on a view can read with its reader's rights, which row security wants. */
export const invokerViewSince = 150000;

/** The comment that tells a schema or a view of ours from a user's, which is never dropped. */
export function readSchemaTag(): string {
  return 'partitiond: views of tables that are being migrated';
}

export function renderReadSchema(schema: string): readonly string[] {
  return [`CREATE SCHEMA ${quoteIdentifier(schema)}`, `COMMENT ON SCHEMA ${quoteIdentifier(schema)} IS ${quoteLiteral(readSchemaTag())}`];
}

/**
 * A view of the table's own name in `schema` over `relation`, with the SELECT grants of the table. PostgreSQL binds it by oid, so a switch does not
 * move it. Over row security it reads with the rights of its reader, who then needs a right on every column of it: PostgreSQL asks for all that
 * the view names. Otherwise it reads with its owner's, and a reader of some columns reads those.
 */
export function renderReadView(spec: MigrationSpec, schema: string, relation: QualifiedName): readonly string[] {
  const view = formatQualifiedName({ schema, name: spec.table.name });
  const columns = spec.comparedColumns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const { grants, owner, rowSecurity } = spec.definition.template;
  const options = rowSecurity.enabled ? ' WITH (security_invoker = true)' : '';
  const readers = grants.filter(({ privilege, grantee }) => privilege === 'SELECT' && grantee !== owner);
  const roles = [...new Set([owner, ...readers.map(({ grantee }) => grantee)])].map((role) =>
    role === null ? 'PUBLIC' : quoteIdentifier(role),
  );
  return [
    `CREATE VIEW ${view}${options} AS SELECT ${columns} FROM ${formatQualifiedName(relation)}`,
    `COMMENT ON VIEW ${view} IS ${quoteLiteral(readSchemaTag())}`,
    `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${roles.join(', ')}`,
    `GRANT SELECT ON ${view} TO ${quoteIdentifier(owner)}`,
    ...readers.map(({ grantee, column }) => {
      const what = column === null ? 'SELECT' : `SELECT (${quoteIdentifier(column)})`;
      return `GRANT ${what} ON ${view} TO ${grantee === null ? 'PUBLIC' : quoteIdentifier(grantee)}`;
    }),
  ];
}

export function renderDropReadView(spec: MigrationSpec, schema: string): string {
  return `DROP VIEW ${formatQualifiedName({ schema, name: spec.table.name })}`;
}

export function renderDropReadSchema(schema: string): string {
  return `DROP SCHEMA ${quoteIdentifier(schema)}`;
}
