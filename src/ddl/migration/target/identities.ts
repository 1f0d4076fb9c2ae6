import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { targetNameOf } from './target-names.ts';

/**
 * Identity columns of the same kind, with sequences of their own that nobody draws from before the switch: the copy inserts OVERRIDING SYSTEM
 * VALUE, and the switch sets them beyond the source's and gives them its names. Serial columns keep the source's sequence by their default.
 * The sequence's type is the column's, which ADD GENERATED takes by itself and refuses to be told.
 */
export function renderIdentities(spec: MigrationSpec): readonly string[] {
  const { definition, targetName } = spec;
  return definition.columns.flatMap((column) => {
    if (column.identity === null) return [];
    const sequence = definition.sequences.find((owned) => owned.kind === 'identity' && owned.column === column.name);
    const options =
      sequence === undefined
        ? ''
        : ` (SEQUENCE NAME ${formatQualifiedName(sequenceName(spec, sequence.name))} ${sequence.options.replace(/^AS \S+ /, '')})`;
    const kind = column.identity === 'always' ? 'ALWAYS' : 'BY DEFAULT';
    const alter = `ALTER TABLE ${formatQualifiedName(targetName)} ALTER COLUMN ${quoteIdentifier(column.name)}`;
    return [`${alter} ADD GENERATED ${kind} AS IDENTITY${options}`];
  });
}

/** Behind the owner, who grants: what default privileges gave is taken away, and the owner's own right where that was reduced. */
export function renderIdentityGrants(spec: MigrationSpec): readonly string[] {
  const { sequences, template } = spec.definition;
  return sequences
    .filter(({ kind }) => kind === 'identity')
    .flatMap(({ name, grants, defaultGrantees }) => {
      const sequence = formatQualifiedName(sequenceName(spec, name));
      const revoked = grants.length === 0 ? defaultGrantees : [...defaultGrantees, template.owner];
      return [
        ...(revoked.length === 0 ? [] : [`REVOKE ALL ON SEQUENCE ${sequence} FROM ${revoked.map(grantee).join(', ')}`]),
        ...grants.map(
          (grant) =>
            `GRANT ${grant.privilege} ON SEQUENCE ${sequence} TO ${grantee(grant.grantee)}${grant.isGrantable ? ' WITH GRANT OPTION' : ''}`,
        ),
      ];
    });
}

function grantee(role: string | null): string {
  return role === null ? 'PUBLIC' : quoteIdentifier(role);
}

function sequenceName(spec: MigrationSpec, name: MigrationSpec['targetName']): MigrationSpec['targetName'] {
  return { schema: spec.targetName.schema, name: targetNameOf(spec, ['sequence'], name.name) };
}
