import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { leavesOf, type Turn } from '../switch/turn.ts';
import { guardTriggerName, renderGuard } from '../target/guard.ts';

/**
 * The application's triggers go from the side that ceases to be live: a partition gets copies of its table's row triggers, which may not be there
 * under their names, and a partition's statement triggers would fire for those who name it. They are made on the other side.
 */
export function renderDropLiveTriggers({ spec, old, facts }: Turn): readonly string[] {
  const planned = new Set(spec.definition.triggers.map(({ name }) => name));
  return facts.triggers
    .filter(({ tableOid, name }) => tableOid === old.oid && planned.has(name))
    .map(({ name }) => `DROP TRIGGER ${quoteIdentifier(name)} ON ${formatQualifiedName(old.before)}`);
}

/** After the way back: the new table and its partitions, by then without the old one, take no writes of others. */
export function renderGuards(turn: Turn, journalSchema: string): readonly string[] {
  const { old, facts, id } = turn;
  const guarded = new Set(facts.triggers.filter(({ name }) => name === guardTriggerName(id)).map(({ tableOid }) => tableOid));
  return [{ oid: old.oid, name: old.after }, ...leavesOf(turn, old.oid)]
    .filter(({ oid }) => !guarded.has(oid))
    .flatMap(({ name }) => renderGuard(journalSchema, id, name));
}
