import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { DetachPartition } from '../../plan/step.ts';
import { detachForeignKeyLocks, locksOn } from '../foreign-key-locks.ts';
import { briefTransaction, renderedStep } from '../rendered-step.ts';
import type { Batch, Lock, RenderedStep } from '../statement.ts';
import { renderFinalize } from './finalize-detach.ts';
import { renderMove } from './move-table.ts';

/**
 * Concurrently: no lock on the parent that a reader or writer would meet, but outside a transaction, and the partition is pending in
 * between. Plainly: one transaction under ACCESS EXCLUSIVE on the parent and the default; the only way when a default partition exists.
 */
export function renderDetachPartition(step: DetachPartition): RenderedStep {
  const move = renderMove(step.partition, step.moveTo);
  const detach = `ALTER TABLE ${formatQualifiedName(step.table)} DETACH PARTITION ${formatQualifiedName(step.partition)}`;
  if (!step.concurrently) return renderedStep([briefTransaction([{ sql: detach, locks: plainLocks(step), reason: step.reason }, ...move])]);
  const concurrent: Batch = {
    kind: 'alone',
    statements: [{ sql: `${detach} CONCURRENTLY`, locks: concurrentLocks(step), reason: step.reason }],
    patience: 'brief',
    whenDetachPending: renderFinalize(step, 'completes the detach that was interrupted while it waited'),
  };
  return renderedStep(move.length === 0 ? [concurrent] : [concurrent, briefTransaction(move)]);
}

function plainLocks(step: DetachPartition): readonly Lock[] {
  return [
    ...locksOn([step.table], step.referencedBy.length > 0 ? ['AccessShareLock', 'AccessExclusiveLock'] : ['AccessExclusiveLock']),
    ...locksOn(step.defaultPartition === null ? [] : [step.defaultPartition], ['AccessExclusiveLock']),
    ...locksOn([step.partition], hasForeignKeys(step) ? ['AccessShareLock', 'AccessExclusiveLock'] : ['AccessExclusiveLock']),
    ...detachForeignKeyLocks(step),
  ];
}

/** Of both its transactions: the first marks the partition as pending, the second, once nobody uses it, takes it out. */
function concurrentLocks(step: DetachPartition): readonly Lock[] {
  const shared = hasForeignKeys(step) ? ['AccessShareLock' as const] : [];
  return [
    ...locksOn([step.table], step.referencedBy.length > 0 ? ['AccessShareLock', 'ShareUpdateExclusiveLock'] : ['ShareUpdateExclusiveLock']),
    ...locksOn([step.partition], [...shared, 'ShareUpdateExclusiveLock', 'AccessExclusiveLock']),
    ...detachForeignKeyLocks(step),
  ];
}

function hasForeignKeys(step: DetachPartition): boolean {
  return step.references.length > 0 || step.referencedBy.length > 0;
}
