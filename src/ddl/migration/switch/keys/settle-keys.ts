import type { ForeignKeyDefinition } from '../../../../partition/migration/definition.ts';
import type { Live, MigrationSpec } from '../../../../partition/migration/spec.ts';
import type { ForeignKeyFact, SwitchFacts } from '../../../../partition/migration/switch-facts.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../../partition/qualified-name.ts';
import { keysOf, notValidOnPartitioned, placesOf, renderAdd } from './foreign-keys.ts';
import { renderKeyComment } from './key-comments.ts';

/** What is left to do for the foreign keys after a switch. */
export interface KeySettlement {
  /** Short: keys that partitions made since lack. */
  readonly missing: readonly string[];
  /** Each scans a table under locks that hinder no reader or writer. */
  readonly validations: readonly string[];
  /** Short: partitioned tables take over the valid keys of their partitions without a scan. */
  readonly adoptions: readonly string[];
}

export interface Settled {
  readonly spec: MigrationSpec;
  readonly serverVersion: number;
  readonly facts: SwitchFacts;
  /** Since the switch. */
  readonly live: Live;
  readonly liveOid: string;
}

/**
 * Reads from the facts what is missing, so nothing is left once all of it was done. A key that was NOT VALID when the migration was planned stays
 * so, and before PostgreSQL 18, which knows no such key on a partitioned table, it stays with the partitions.
 */
export function settleKeys(settled: Settled): KeySettlement {
  const { spec, live, liveOid } = settled;
  const { outgoing, incoming } = keysOf(spec, live);
  const parts = [
    ...outgoing.map((key) => settleKey(settled, key, { oid: liveOid, name: spec.table, isPartitioned: live === 'target' })),
    ...incoming.map((key) => settleKey(settled, key, { oid: key.tableOid, name: key.table, isPartitioned: key.isTablePartitioned })),
  ];
  return {
    missing: parts.flatMap(({ missing }) => missing),
    validations: parts.flatMap(({ validations }) => validations),
    adoptions: parts.flatMap(({ adoptions }) => adoptions),
  };
}

interface Referencing {
  readonly oid: string;
  readonly name: QualifiedName;
  readonly isPartitioned: boolean;
}

function settleKey(settled: Settled, key: ForeignKeyDefinition, table: Referencing): KeySettlement {
  const own = settled.facts.foreignKeys.find(({ tableOid, name }) => tableOid === table.oid && name === key.name);
  const isPerPartition = table.isPartitioned && settled.serverVersion < notValidOnPartitioned;
  if (own !== undefined || !isPerPartition) {
    const validations = own === undefined ? [] : renderValidation(key, own);
    return { missing: [], validations, adoptions: [] };
  }
  const places = placesOf(settled, table);
  const factOf = (place: QualifiedName): ForeignKeyFact | undefined =>
    settled.facts.foreignKeys.find(({ name, table: at }) => name === key.name && at.schema === place.schema && at.name === place.name);
  return {
    missing: places.filter((place) => factOf(place) === undefined).map((place) => renderAdd(place, [key], true)),
    validations: places.flatMap((place) => {
      const fact = factOf(place);
      return renderValidation(key, fact ?? { name: key.name, table: place, isValid: false });
    }),
    adoptions: key.isValid ? [renderAdd(table.name, [key], false), ...renderKeyComment(table.name, key.name, key.comment)] : [],
  };
}

function renderValidation(key: ForeignKeyDefinition, fact: Pick<ForeignKeyFact, 'name' | 'table' | 'isValid'>): readonly string[] {
  if (fact.isValid || !key.isValid || !key.isEnforced) return [];
  return [`ALTER TABLE ${formatQualifiedName(fact.table)} VALIDATE CONSTRAINT ${quoteIdentifier(fact.name)}`];
}
