/**
 * The switch as statements, for one message within the transaction that has the locks and has drained the log. Forward and back are the same turn
 * with the sides exchanged. What PostgreSQL keeps by oid (rows, indexes, grants) needs nothing; the rest changes hands by name.
 */

import { renderBoundObjects, renderPublications } from './bound-objects.ts';
import { renderAddKeys, renderDropKeys } from './keys/foreign-keys.ts';
import { renderKeyComments } from './keys/key-comments.ts';
import { renderRenames } from './rename.ts';
import { renderSequences } from './sequences.ts';
import { renderOldSnapshots } from './triggers/old-snapshots.ts';
import { renderOwnTriggers } from './triggers/own-triggers.ts';
import { renderUserTriggers } from './triggers/user-triggers.ts';
import type { Turn } from './turn.ts';

/** Statements without semicolons, in order. A deferred check of a drained row would forbid ALTER TABLE, so all are made first. */
export function renderSwitch(turn: Turn, journalSchema: string): readonly string[] {
  return [
    'SET CONSTRAINTS ALL IMMEDIATE',
    ...renderDropKeys(turn),
    ...renderOwnTriggers(turn, journalSchema),
    ...renderRenames(turn),
    ...renderOldSnapshots(turn.id, turn.spec.table, journalSchema),
    ...renderSequences(turn),
    ...renderAddKeys(turn),
    ...renderKeyComments(turn),
    ...renderUserTriggers(turn),
    ...renderBoundObjects(turn),
    ...renderPublications(turn),
  ];
}
