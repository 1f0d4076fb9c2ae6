import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import type { Turn } from '../switch/turn.ts';

/**
 * From 17 on a table with an identity column cannot be attached, and one that is detached has lost it; before that a partition would go on with
 * numbers of its own. So the old table has none while it is a partition, in every version.
 * Source: postgresql.org/docs/17/sql-altertable.html (ATTACH PARTITION), tried on 14 to 18.
 */
export function renderDropIdentities({ definition }: MigrationSpec, table: QualifiedName): readonly string[] {
  const alter = definition.columns
    .filter(({ identity }) => identity !== null)
    .map(({ name }) => `ALTER COLUMN ${quoteIdentifier(name)} DROP IDENTITY`);
  return alter.length === 0 ? [] : [`ALTER TABLE ${formatQualifiedName(table)} ${alter.join(', ')}`];
}

/** On the way back: the kind and the options that were planned, with a sequence of the name that the source's has while it is not live. */
export function renderAddIdentities(turn: Turn, table: QualifiedName): readonly string[] {
  return lostIdentities(turn).map(({ column, sequence }) => {
    const { identity } = turn.spec.definition.columns.find(({ name }) => name === column) ?? { identity: null };
    const options = turn.spec.definition.sequences.find((one) => one.kind === 'identity' && one.column === column)?.options ?? '';
    const kind = identity === 'always' ? 'ALWAYS' : 'BY DEFAULT';
    // The sequence's type is the column's, which ADD GENERATED takes by itself and refuses to be told.
    const described = `SEQUENCE NAME ${formatQualifiedName(sequence)} ${options.replace(/^AS \S+ /, '')}`;
    return `ALTER TABLE ${formatQualifiedName(table)} ALTER COLUMN ${quoteIdentifier(column)} ADD GENERATED ${kind} AS IDENTITY (${described})`;
  });
}

/** Those of the source that it has no more, as facts of a turn that has given them back. */
export function lostIdentities({ spec, fresh, facts }: Turn): Turn['facts']['identities'] {
  return spec.definition.sequences
    .filter(({ kind }) => kind === 'identity')
    .filter(({ column }) => !facts.identities.some((one) => one.tableOid === fresh.oid && one.column === column))
    .map(({ column, name }) => {
      const pair = spec.names.find((one) => one.kind === 'sequence' && one.name === name.name);
      return { tableOid: fresh.oid, column, sequence: { schema: name.schema, name: pair?.oldName ?? name.name } };
    });
}
