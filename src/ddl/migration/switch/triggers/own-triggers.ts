import type { Live } from '../../../../partition/migration/spec.ts';
import type { TriggerFact } from '../../../../partition/migration/switch-facts.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../../partition/qualified-name.ts';
import { captureTriggerPrefix, forwardTriggers, reverseTriggers } from '../../capture/capture-triggers.ts';
import { guardTriggerName, renderGuard } from '../../target/guard.ts';
import { leavesOf, type Turn, type TurningSide } from '../turn.ts';

/**
 * Before the renames: capture and guard change sides. Triggers stay where they are and are switched on and off, for on partitions that hinders
 * no reader, while DROP TRIGGER would lock each of them exclusively. A guard that is missing is made: the source has none before its first turn.
 */
export function renderOwnTriggers(turn: Turn, journalSchema: string): readonly string[] {
  const { old, fresh } = turn;
  const guard = guardTriggerName(turn.id);
  const isOurs = ({ name }: TriggerFact): boolean => name === guard || name.startsWith(captureTriggerPrefix(turn.id));
  const ours = turn.facts.triggers.filter(isOurs);
  const switched = membersOf(turn, old)
    .concat(membersOf(turn, fresh))
    .flatMap((member) => {
      const state = (trigger: TriggerFact): string => stateOf(turn, member, trigger, trigger.name === guard);
      return renderStates(
        member.name,
        ours.filter(({ tableOid }) => tableOid === member.oid),
        state,
      );
    });
  const unguarded = membersOf(turn, old).filter(({ oid }) => !ours.some((one) => one.tableOid === oid && one.name === guard));
  return [...switched, ...unguarded.flatMap(({ name }) => renderGuard(journalSchema, turn.id, name))];
}

interface Member {
  readonly oid: string;
  readonly name: QualifiedName;
  readonly side: TurningSide;
}

/** The side itself and its partitions, by their names before the turn. */
function membersOf(turn: Turn, side: TurningSide): readonly Member[] {
  return [{ oid: side.oid, name: side.before, side }, ...leavesOf(turn, side.oid).map(({ oid, name }) => ({ oid, name, side }))];
}

/** Guards stand on the follower, capture on the live side. */
function stateOf(turn: Turn, { side }: Member, trigger: TriggerFact, isGuard: boolean): string {
  const isLive = side.is === turn.fresh.is;
  if (isGuard) return isLive ? 'D' : 'A';
  return isLive ? captureState(turn, side.is, trigger) : 'D';
}

/** How it fires when it is on. */
function captureState({ spec, id }: Turn, side: Live, { name }: TriggerFact): string {
  const made = side === 'source' ? forwardTriggers(spec, id) : reverseTriggers(spec, id);
  return made.find((one) => one.name === name)?.firing ?? 'A';
}

const words: Readonly<Record<string, string>> = { O: 'ENABLE', D: 'DISABLE', R: 'ENABLE REPLICA', A: 'ENABLE ALWAYS' };

/** ONLY where no partition has a copy of the trigger; one of a partitioned table's rows has one in each. One statement for all that may be one. */
export function renderStates(
  table: QualifiedName,
  triggers: readonly TriggerFact[],
  state: (trigger: TriggerFact) => string,
): readonly string[] {
  return [false, true].flatMap((isForEachRow) => {
    const actions = triggers
      .filter((trigger) => trigger.isForEachRow === isForEachRow && trigger.enabled !== state(trigger))
      .map((trigger) => `${words[state(trigger)] ?? 'ENABLE'} TRIGGER ${quoteIdentifier(trigger.name)}`);
    return actions.length === 0 ? [] : [`ALTER TABLE ${isForEachRow ? '' : 'ONLY '}${formatQualifiedName(table)} ${actions.join(', ')}`];
  });
}
