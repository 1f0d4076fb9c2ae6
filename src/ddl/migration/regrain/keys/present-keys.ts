import type { ForeignKeyDefinition } from '../../../../partition/migration/definition.ts';
import type { Live, MigrationSpec } from '../../../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName } from '../../../../partition/qualified-name.ts';
import { incomingKeys } from '../../switch/keys/foreign-keys.ts';

/** A foreign key of a partition that takes part, or of another table to the one that it is a partition of. */
export interface PresentKey {
  readonly tableOid: string;
  readonly table: QualifiedName;
  readonly name: string;
  /** As `ForeignKeyDefinition` has it. */
  readonly definition: string;
  readonly isValid: boolean;
  /** Of the table, whose key it is a part of; null: it is the partition's own. */
  readonly parentName: string | null;
}

/** What the catalog says, at one moment, of foreign keys and of what makes a follower's bearable. */
export interface PresentKeys {
  /** The function of row triggers writes the follower. */
  readonly isDual: boolean;
  /** The guard lets statements of triggers by. */
  readonly isGuardOpen: boolean;
  /** Names of the table's own. */
  readonly outgoing: readonly string[];
  /** Of other tables to the table. */
  readonly incoming: readonly PresentKey[];
  /** Of partitions that take part. */
  readonly members: readonly PresentKey[];
  /** That keep actions of keys from partitions that take part. */
  readonly rules: readonly { readonly tableOid: string; readonly name: string }[];
}

/** Keys that the plan knows and the table has, each way; other tables by the names that they have now. */
export function plannedKeys(
  { definition }: Pick<MigrationSpec, 'definition'>,
  present: Pick<PresentKeys, 'outgoing' | 'incoming'>,
): { readonly outgoing: readonly ForeignKeyDefinition[]; readonly incoming: readonly ForeignKeyDefinition[] } {
  return {
    outgoing: definition.outgoing.filter(({ name }) => present.outgoing.includes(name)),
    incoming: incomingKeys(definition).flatMap((key) => {
      const now = present.incoming.find(({ tableOid, name }) => tableOid === key.tableOid && name === key.name);
      return now === undefined ? [] : [{ ...key, table: now.table }];
    }),
  };
}

/** Keys that came or were changed after the plan, by name: nobody has decided about them, and an exchange makes others' keys as they were planned. */
export function unplannedKeys({ definition, table }: Pick<MigrationSpec, 'definition' | 'table'>, present: PresentKeys): readonly string[] {
  const isKnown = (key: PresentKey): boolean =>
    definition.incoming.some((one) => one.tableOid === key.tableOid && one.name === key.name && one.definition === key.definition);
  return [
    ...present.outgoing
      .filter((name) => !definition.outgoing.some((key) => key.name === name))
      .map((name) => `foreign key ${name} of ${formatQualifiedName(table)}`),
    ...present.incoming.filter((key) => !isKnown(key)).map((key) => `foreign key ${key.name} of ${formatQualifiedName(key.table)}`),
  ];
}

/** Which of the two gives the names of partitions that follow. */
export function followersOf<T>(live: Live, members: { readonly sources: T; readonly targets: T }): T {
  return live === 'source' ? members.targets : members.sources;
}
