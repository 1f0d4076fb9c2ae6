import { isReferenceable, notValidOnPartitioned } from '../../../../partition/migration/carry-over.ts';
import type { ForeignKeyDefinition, TableDefinition } from '../../../../partition/migration/definition.ts';
import type { MigrationSpec } from '../../../../partition/migration/spec.ts';
import type { ForeignKeyFact } from '../../../../partition/migration/switch-facts.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../../partition/qualified-name.ts';
import { leavesOf, type Turn } from '../turn.ts';

/** Keys of other tables to this one; a key of the table to itself is one of its own. */
export function incomingKeys({ oid, incoming }: TableDefinition): readonly ForeignKeyDefinition[] {
  return incoming.filter(({ tableOid }) => tableOid !== oid);
}

/** Keys that hold on the side: all of the source, on the target those that can. */
export function keysOf(spec: MigrationSpec, side: 'source' | 'target'): Record<'outgoing' | 'incoming', readonly ForeignKeyDefinition[]> {
  const isSelf = (key: ForeignKeyDefinition): boolean => key.referencedOid === spec.definition.oid;
  const holds = (key: ForeignKeyDefinition): boolean => side === 'source' || isReferenceable(key, spec.partitionKey.name);
  return {
    outgoing: spec.definition.outgoing.filter((key) => !isSelf(key) || holds(key)),
    incoming: incomingKeys(spec.definition).filter(holds),
  };
}

/** Before the renames: keys go from the side that ceases to be live, and those of other tables that reference it. */
export function renderDropKeys(turn: Turn): readonly string[] {
  const { facts, spec, old } = turn;
  const own = new Set([old.oid, ...leavesOf(turn, old.oid).map(({ oid }) => oid)]);
  const outgoing = facts.foreignKeys.filter(
    (key) => own.has(key.tableOid) && spec.definition.outgoing.some(({ name }) => name === key.name),
  );
  const incoming = facts.foreignKeys.filter((key) => !own.has(key.tableOid) && key.referencedOid === old.oid);
  return renderDrops([...outgoing, ...incoming]);
}

type NamedKey = Pick<ForeignKeyFact, 'tableOid' | 'table' | 'name'>;

/** One statement per table. */
export function renderDrops(keys: readonly NamedKey[]): readonly string[] {
  const tables = new Map<string, NamedKey[]>();
  for (const key of keys) tables.set(key.tableOid, [...(tables.get(key.tableOid) ?? []), key]);
  return [...tables.values()].flatMap((ofTable) => {
    const [first] = ofTable;
    const drops = ofTable.map(({ name }) => `DROP CONSTRAINT ${quoteIdentifier(name)}`);
    return first === undefined ? [] : [`ALTER TABLE ${formatQualifiedName(first.table)} ${drops.join(', ')}`];
  });
}

/** After the renames, when the definitions' names mean the new live side. NOT VALID, so that no row is read under the lock. */
export function renderAddKeys(turn: Turn): readonly string[] {
  const { spec, fresh } = turn;
  const { outgoing, incoming } = keysOf(spec, fresh.is);
  const tables: { table: QualifiedName; keys: readonly ForeignKeyDefinition[] }[] = placesOf(turn, {
    oid: fresh.oid,
    name: spec.table,
    isPartitioned: fresh.is === 'target',
  }).map((table) => ({ table, keys: outgoing }));
  for (const key of incoming) {
    const places = placesOf(turn, { oid: key.tableOid, name: key.table, isPartitioned: key.isTablePartitioned });
    tables.push(...places.map((table) => ({ table, keys: [key] })));
  }
  return tables.flatMap(({ table, keys }) => (keys.length === 0 ? [] : [renderAdd(table, keys, true)]));
}

interface Referencing {
  readonly oid: string;
  readonly name: QualifiedName;
  readonly isPartitioned: boolean;
}

/** Where a NOT VALID key can be said: of the table, or of each partition where the version takes none on a partitioned one. */
export function placesOf(turn: Pick<Turn, 'facts' | 'serverVersion'>, table: Referencing): readonly QualifiedName[] {
  if (!table.isPartitioned || turn.serverVersion >= notValidOnPartitioned) return [table.name];
  return leavesOf(turn, table.oid).map(({ name }) => name);
}

export function renderAdd(table: QualifiedName, keys: readonly ForeignKeyDefinition[], isNotValid: boolean): string {
  // A key that is not enforced is never validated either, and says so itself.
  const actions = keys.map(
    ({ name, definition, isEnforced }) =>
      `ADD CONSTRAINT ${quoteIdentifier(name)} ${definition}${isNotValid && isEnforced ? ' NOT VALID' : ''}`,
  );
  return `ALTER TABLE ${formatQualifiedName(table)} ${actions.join(', ')}`;
}
