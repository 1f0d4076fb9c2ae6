import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { DetachPartition, FinalizeDetach } from '../../plan/step.ts';
import { finalizeForeignKeyLocks, locksOn } from '../foreign-key-locks.ts';
import { briefTransaction, renderedStep } from '../rendered-step.ts';
import type { RenderedStep, Statement } from '../statement.ts';
import { renderMove } from './move-table.ts';

/** Completes an interrupted DETACH CONCURRENTLY. Unlike that, it may run in a transaction (measured on 14 to 18). */
export function renderFinalizeDetach(step: FinalizeDetach): RenderedStep {
  return renderedStep([briefTransaction([renderFinalize(step, step.reason), ...renderMove(step.partition, step.moveTo)])]);
}

/** It first waits until no older snapshot is left, of any table of the database: those waits queue nobody but count for lock_timeout. */
export function renderFinalize(step: FinalizeDetach | DetachPartition, reason: string): Statement {
  return {
    sql: `ALTER TABLE ${formatQualifiedName(step.table)} DETACH PARTITION ${formatQualifiedName(step.partition)} FINALIZE`,
    locks: [
      ...locksOn([step.table], ['ShareUpdateExclusiveLock']),
      ...locksOn([step.partition], step.references.length > 0 ? ['AccessShareLock', 'AccessExclusiveLock'] : ['AccessExclusiveLock']),
      ...finalizeForeignKeyLocks(step),
    ],
    reason,
  };
}
