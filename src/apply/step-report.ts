import type { PartitiondError } from '../errors.ts';
import type { Step } from '../plan/step.ts';

/** ok: the catalog says so. refused: a guard stopped it. skipped: an abort came first, or an earlier step of the same chain failed. */
export type Outcome = 'ok' | 'failed' | 'refused' | 'skipped';

/**
 * Why upkeep left a step to a later run. locked: somebody holds a lock that it needs. autovacuum: autovacuum is at work on the table. gone: the
 * partition or index is no longer there. window: the maintenance window is over. blocking: somebody waited behind it. pressure: a standby is
 * too far behind or too many sessions wait for locks. later: what the plan was made from is too old to go by.
 */
export type Yield = 'locked' | 'autovacuum' | 'gone' | 'window' | 'blocking' | 'pressure' | 'later';

/** What became of one step. `sql` is what was run (or would have been), without parameters as there are none. */
export interface StepReport {
  readonly step: Step;
  readonly outcome: Outcome;
  readonly error: PartitiondError | null;
  /** Of a step that is `skipped` for somebody else's sake, which is no failure: the next run looks again. Absent otherwise. */
  readonly yieldedTo?: Yield;
  readonly durationMs: number;
  readonly lockWaitMs: number;
  readonly lockTimeouts: number;
}
