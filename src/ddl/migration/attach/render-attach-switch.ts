/**
 * The switch of a migration that moves no row: the old table becomes the first partition of the new one, and on the way back a table again. As with
 * copy everything is one message in the transaction that holds the locks; what PostgreSQL keeps with a partition by itself needs nothing here.
 */

import { formatQualifiedName } from '../../../partition/qualified-name.ts';
import { renderForValues } from '../../range-condition.ts';
import { renderBoundObjects, renderPublications } from '../switch/bound-objects.ts';
import { renderAddKeys, renderDropKeys } from '../switch/keys/foreign-keys.ts';
import { renderKeyComments } from '../switch/keys/key-comments.ts';
import { renderDropOwnTriggers } from '../switch/removal.ts';
import { renderRenames } from '../switch/rename.ts';
import { renderSequences } from '../switch/sequences.ts';
import { renderUserTriggers } from '../switch/triggers/user-triggers.ts';
import type { leavesOf, Turn } from '../switch/turn.ts';
import { renderIdentityGrants } from '../target/identities.ts';
import { renderMoveBack } from './beyond.ts';
import { lostIdentities, renderAddIdentities, renderDropIdentities } from './identity.ts';
import { renderDropKeysOfParent, renderKeysOfParent, withRebuiltKeys } from './keys.ts';
import { renderDropLiveTriggers, renderGuards } from './triggers.ts';
import { renderDropUntilCheck } from './until-check.ts';

/**
 * Forward. `until` is the bound that the CHECK names, as the key's codec writes it; with the CHECK valid and an equal index for each of the new
 * table's, ATTACH reads and builds nothing. The CHECK has served then: the bound says the same.
 */
export function renderAttachSwitch(turn: Turn, until: string): readonly string[] {
  const { spec, old, fresh, id } = turn;
  const rebuilt = withRebuiltKeys(turn);
  const attached = withLeaf(rebuilt, fresh.oid, { oid: old.oid, name: old.after });
  const partition = formatQualifiedName(old.after);
  return [
    'SET CONSTRAINTS ALL IMMEDIATE',
    ...renderDropKeys(rebuilt),
    ...renderDropLiveTriggers(turn),
    ...renderDropOwnTriggers(turn.facts, id, () => true),
    ...renderRenames(turn),
    ...renderSequences(turn),
    ...renderDropIdentities(spec, old.after),
    ...renderKeysOfParent(turn),
    `ALTER TABLE ${formatQualifiedName(spec.table)} ATTACH PARTITION ${partition} ${renderForValues({ from: null, to: until })}`,
    renderDropUntilCheck(old.after, id),
    ...renderAddKeys(attached),
    ...renderKeyComments(attached),
    ...renderUserTriggers(withoutTriggers(turn)),
    ...renderBoundObjects(turn),
    ...renderPublications(turn),
  ];
}

/** Back. Rows of the new partitions move along, so their number must have been looked at before. */
export function renderDetachSwitch(turn: Turn, journalSchema: string): readonly string[] {
  const { spec, old, fresh } = turn;
  const rebuilt = withRebuiltKeys(turn);
  const detached = withoutLeaf(turn, fresh.oid);
  const identities = renderAddIdentities(detached, fresh.before);
  const named = withIdentities(detached);
  return [
    'SET CONSTRAINTS ALL IMMEDIATE',
    ...renderDropKeys(rebuilt),
    ...renderDropLiveTriggers(turn),
    `ALTER TABLE ${formatQualifiedName(old.before)} DETACH PARTITION ${formatQualifiedName(fresh.before)}`,
    ...renderDropKeysOfParent(detached),
    ...renderMoveBack(spec, old.before, fresh.before),
    ...identities,
    ...renderRenames(named),
    // Made anew, by now under the names that were planned.
    ...renderIdentityGrants({ ...spec, names: [] }),
    ...renderSequences(named),
    ...renderAddKeys(withRebuiltKeys(detached)),
    ...renderKeyComments(withRebuiltKeys(detached)),
    ...renderUserTriggers(withoutTriggers(detached)),
    ...renderBoundObjects(turn),
    ...renderPublications(turn),
    ...renderGuards(detached, journalSchema),
  ];
}

/** New partitions alone, without the old table. */
export function newLeaves(turn: Turn, sourceOid: string): Turn['facts']['leaves'] {
  const targetOid = turn.old.oid === sourceOid ? turn.fresh.oid : turn.old.oid;
  return turn.facts.leaves.filter(({ rootOid, oid }) => rootOid === targetOid && oid !== sourceOid);
}

function withLeaf(turn: Turn, rootOid: string, leaf: ReturnType<typeof leavesOf>[number]): Turn {
  return { ...turn, facts: { ...turn.facts, leaves: [...turn.facts.leaves, { rootOid, ...leaf }] } };
}

function withoutLeaf(turn: Turn, oid: string): Turn {
  return { ...turn, facts: { ...turn.facts, leaves: turn.facts.leaves.filter((leaf) => leaf.oid !== oid) } };
}

/** All of the application's were dropped by then, so that all are made. */
function withoutTriggers(turn: Turn): Turn {
  return { ...turn, facts: { ...turn.facts, triggers: [] } };
}

function withIdentities(turn: Turn): Turn {
  return { ...turn, facts: { ...turn.facts, identities: [...turn.facts.identities, ...lostIdentities(turn)] } };
}
