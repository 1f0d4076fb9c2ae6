import { quoteLiteral } from '../../../partition/literal.ts';
import { notValidOnPartitioned } from '../../../partition/migration/carry-over.ts';
import type { ForeignKeyDefinition } from '../../../partition/migration/definition.ts';
import type { ForeignKeyFact } from '../../../partition/migration/switch-facts.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { placesOf, renderAdd, renderDrops } from '../switch/keys/foreign-keys.ts';
import { plannedComment } from '../switch/keys/key-comments.ts';
import { leavesOf, type Turn } from '../switch/turn.ts';

/** Keys of the table to itself name the side that has its name, and are made anew at each turn; so are those of other tables. */
function isOwn({ spec }: Pick<Turn, 'spec'>, { referencedOid }: ForeignKeyDefinition): boolean {
  return referencedOid === spec.definition.oid;
}

/** The turn as one in which the table has no key to another one: for what is dropped and added NOT VALID again. */
export function withRebuiltKeys(turn: Turn): Turn {
  const { definition } = turn.spec;
  const outgoing = definition.outgoing.filter((key) => isOwn(turn, key));
  return { ...turn, spec: { ...turn.spec, definition: { ...definition, outgoing } } };
}

/**
 * Before ATTACH, on a table without rows: the keys to other tables that the source brings along, so that it is believed instead of read. One that
 * is not valid stays with the partitions before 18, which knows it on a partitioned table.
 */
export function renderKeysOfParent(turn: Turn): readonly string[] {
  const { spec, fresh, serverVersion } = turn;
  const others = spec.definition.outgoing.filter((key) => !isOwn(turn, key));
  const isWhole = ({ isValid }: ForeignKeyDefinition): boolean => isValid || serverVersion >= notValidOnPartitioned;
  const whole = others.filter(isWhole);
  const single = others.filter((key) => !isWhole(key));
  const places = single.length === 0 ? [] : placesOf(turn, { oid: fresh.oid, name: spec.table, isPartitioned: true });
  return [
    ...whole.map((key) => renderAdd(spec.table, [key], !key.isValid)),
    ...whole.flatMap(({ name }) => {
      const text = plannedComment(turn, name);
      const on = `${quoteIdentifier(name)} ON ${formatQualifiedName(spec.table)}`;
      return text === null ? [] : [`COMMENT ON CONSTRAINT ${on} IS ${quoteLiteral(text)}`];
    }),
    ...places.map((place) => renderAdd(place, single, true)),
  ];
}

/** On the way back, once the source is detached and has its keys for itself: none is left on what only follows. */
export function renderDropKeysOfParent(turn: Turn): readonly string[] {
  const { spec, facts, old } = turn;
  const members = new Set([old.oid, ...leavesOf(turn, old.oid).map(({ oid }) => oid)]);
  const others = new Set(spec.definition.outgoing.filter((key) => !isOwn(turn, key)).map(({ name }) => name));
  const isDropped = ({ tableOid, name }: ForeignKeyFact): boolean => members.has(tableOid) && others.has(name);
  return renderDrops(facts.foreignKeys.filter(isDropped));
}
