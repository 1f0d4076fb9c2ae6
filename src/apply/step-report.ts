import type { PartitiondError } from '../errors.ts';
import type { Step } from '../plan/step.ts';

/** ok: the catalog says so. refused: a guard stopped it. skipped: an abort came first, or an earlier step of the same chain failed. */
export type Outcome = 'ok' | 'failed' | 'refused' | 'skipped';

/** What became of one step. `sql` is what was run (or would have been), without parameters as there are none. */
export interface StepReport {
  readonly step: Step;
  readonly outcome: Outcome;
  readonly error: PartitiondError | null;
  readonly durationMs: number;
  readonly lockWaitMs: number;
  readonly lockTimeouts: number;
}
