import { notValidOnPartitioned } from '../../../../partition/migration/carry-over.ts';
import type { ForeignKeyDefinition } from '../../../../partition/migration/definition.ts';
import type { Live, MigrationSpec } from '../../../../partition/migration/spec.ts';
import type { ForeignKeyFact, SwitchFacts } from '../../../../partition/migration/switch-facts.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../../partition/qualified-name.ts';
import { keysOf, placesOf, renderAdd } from './foreign-keys.ts';
import { renderKeyComment } from './key-comments.ts';

/** What is left to do for one foreign key after a switch. */
export interface KeySettlement {
  readonly name: string;
  readonly table: QualifiedName;
  /** Of a key of another table, whose rows were written while it had none, or past it: the query that lists what keeps it from being valid. */
  readonly orphans: string | null;
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
export function settleKeys(settled: Settled): readonly KeySettlement[] {
  const { spec, live, liveOid } = settled;
  const { outgoing, incoming } = keysOf(spec, live);
  return [
    ...outgoing.map((key) => {
      const work = settleKey(settled, key, { oid: liveOid, name: spec.table, isPartitioned: live === 'target' });
      return { ...work, name: key.name, table: spec.table, orphans: null };
    }),
    ...incoming.map((key) => {
      const work = settleKey(settled, key, { oid: key.tableOid, name: key.table, isPartitioned: key.isTablePartitioned });
      return { ...work, name: key.name, table: key.table, orphans: renderOrphans(key, spec.table) };
    }),
  ];
}

/** Without semicolon. As MATCH SIMPLE has it: a row with a NULL references nothing. */
function renderOrphans({ table, columns, referencedColumns }: ForeignKeyDefinition, referenced: QualifiedName): string {
  const names = columns.map((name) => quoteIdentifier(name));
  const matches = referencedColumns.map((name, index) => `r.${quoteIdentifier(name)} = o.${names[index] ?? ''}`);
  return (
    `SELECT o.* FROM ${formatQualifiedName(table)} AS o WHERE ${names.map((name) => `o.${name} IS NOT NULL`).join(' AND ')} ` +
    `AND NOT EXISTS (SELECT FROM ${formatQualifiedName(referenced)} AS r WHERE ${matches.join(' AND ')})`
  );
}

type KeyWork = Pick<KeySettlement, 'missing' | 'validations' | 'adoptions'>;

interface Referencing {
  readonly oid: string;
  readonly name: QualifiedName;
  readonly isPartitioned: boolean;
}

function settleKey(settled: Settled, key: ForeignKeyDefinition, table: Referencing): KeyWork {
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
