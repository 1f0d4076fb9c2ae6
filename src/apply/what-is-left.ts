import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { DetachPartition, FinalizeDetach, Step } from '../plan/step.ts';

/** Most steps: their transaction was rolled back. */
export const nothingIsLeft = 'Nothing is left half done; the next run tries again.';

/** What a step that did not get the locks of its transaction leaves behind, in sentences for whoever reads the error. */
export function whatIsLeft(step: Step): string {
  if (step.kind === 'finalize-detach') return pendingDetachIsLeft(step);
  if (step.kind === 'drop-guard') {
    const where = `${step.constraint} stays on ${formatQualifiedName(step.partition)}`;
    return `The guard ${where} and refuses rows of its range (SQLSTATE 23514) until it is dropped; the next run tries again.`;
  }
  if (step.kind === 'detach-partition' && step.concurrently) {
    return `${formatQualifiedName(step.partition)} is detached, and what was to follow that is not done.`;
  }
  if (step.kind === 'drop-index') return `${nothingIsLeft} ${indexOfMany}`;
  return nothingIsLeft;
}

const indexOfMany =
  'It needs ACCESS EXCLUSIVE on the table and every partition, all within one attempt; with very many of them drop it by hand, in a quiet hour.';

/** After the first transaction of DETACH CONCURRENTLY, before FINALIZE. */
export function pendingDetachIsLeft(step: DetachPartition | FinalizeDetach): string {
  const [table, partition] = [formatQualifiedName(step.table), formatQualifiedName(step.partition)];
  return (
    `The detach of ${partition} stays pending: its rows are not seen through ${table}, and its range takes no new rows, until it is finalized. ` +
    'The next run does that.'
  );
}
