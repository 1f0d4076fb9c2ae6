import { quoteLiteral } from '../../../../partition/literal.ts';
import type { TriggerDefinition } from '../../../../partition/migration/definition.ts';
import type { TriggerFact } from '../../../../partition/migration/switch-facts.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../../partition/qualified-name.ts';
import type { Turn } from '../turn.ts';
import { renderStates } from './own-triggers.ts';

/**
 * After the renames. The application's triggers fire on the live side alone: the follower is written by the engine, and what its triggers did
 * was done already. They are made at the first turn and only switched off and on later, so that a rollback finds those of the source untouched.
 */
export function renderUserTriggers(turn: Turn): readonly string[] {
  const { spec, old, fresh, facts } = turn;
  const on = (oid: string): readonly TriggerFact[] => {
    return facts.triggers.filter(({ tableOid, name }) => tableOid === oid && spec.definition.triggers.some((one) => one.name === name));
  };
  const present = on(fresh.oid);
  const missing = spec.definition.triggers.filter(({ name }) => !present.some((one) => one.name === name));
  const enabledOf = ({ name }: TriggerFact): string => spec.definition.triggers.find((one) => one.name === name)?.enabled ?? 'O';
  return [
    ...renderStates(old.after, on(old.oid), () => 'D'),
    ...renderStates(spec.table, present, enabledOf),
    ...missing.flatMap((trigger) => renderTrigger(turn, trigger)),
  ];
}

/** The definition names the table, which by now is the new one. CREATE TRIGGER enables what it makes. */
function renderTrigger(turn: Turn, trigger: TriggerDefinition): readonly string[] {
  const { spec, fresh } = turn;
  const made: TriggerFact = {
    name: trigger.name,
    tableOid: fresh.oid,
    table: spec.table,
    enabled: 'O',
    isForEachRow: trigger.isForEachRow,
    isOnTruncate: false,
  };
  const comments = spec.definition.comments.filter(({ on, name }) => on === 'trigger' && name === trigger.name);
  return [
    trigger.definition,
    ...renderStates(spec.table, [made], () => trigger.enabled),
    ...comments.map(
      ({ text }) => `COMMENT ON TRIGGER ${quoteIdentifier(trigger.name)} ON ${formatQualifiedName(spec.table)} IS ${quoteLiteral(text)}`,
    ),
  ];
}
