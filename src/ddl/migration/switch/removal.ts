import type { SwitchFacts, TriggerFact } from '../../../partition/migration/switch-facts.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { captureTriggerPrefix } from '../capture/capture-triggers.ts';
import { guardTriggerName } from '../target/guard.ts';

/** Capture and guard of the migration on the tables that `isWanted`; a partition's copy of a parent's trigger goes with that. */
export function renderDropOwnTriggers(facts: SwitchFacts, id: string, isWanted: (trigger: TriggerFact) => boolean): readonly string[] {
  return facts.triggers
    .filter(({ name }) => name === guardTriggerName(id) || name.startsWith(captureTriggerPrefix(id)))
    .filter(isWanted)
    .map(({ name, table }) => `DROP TRIGGER ${quoteIdentifier(name)} ON ${formatQualifiedName(table)}`);
}

/** Once no trigger calls them. */
export function renderDropOwnObjects(functions: readonly QualifiedName[], log: QualifiedName | null): readonly string[] {
  return [
    ...functions.map((name) => `DROP FUNCTION ${formatQualifiedName(name)}()`),
    ...(log === null ? [] : [`DROP TABLE ${formatQualifiedName(log)}`]),
  ];
}

/** Not CASCADE: what a user has hung on the table is the user's to drop, and PostgreSQL names it. */
export function renderDropSide(name: QualifiedName): string {
  return `DROP TABLE ${formatQualifiedName(name)}`;
}
