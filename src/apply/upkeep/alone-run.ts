import type { UpkeepStep } from '../../plan/step.ts';
import type { StepRun } from '../step-run.ts';
import type { UpkeepWorker } from './upkeep-worker.ts';

/** A step that is one command outside a transaction, begun by the entries of the journal and ended by them. */
export interface AloneRun extends StepRun {
  readonly step: UpkeepStep;
  readonly worker: UpkeepWorker;
  /** Cancels the command, and nothing else; `signal` aborts it too. */
  readonly cancel: AbortSignal;
  /** Told, before the command, of the entry that would begin a step in the journal which the worker writes down only when it is over. */
  readonly onBegun: (begin: string) => void;
}
