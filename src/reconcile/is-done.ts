import type { StepReport } from '../apply/step-report.ts';
import { isHindered } from '../plan/is-hindered.ts';
import type { TableReport } from './event.ts';

/**
 * Whether a run that applies left nothing undone for a table: no error, no step that failed or was skipped, nothing that hinders its work. A
 * refusal is no failure, as a guard did what it is there for, nor is upkeep that gave way to somebody; it is all else that makes `apply` exit
 * 4 for a table.
 */
export function isDone({ error, steps, plan }: Pick<TableReport, 'error' | 'steps' | 'plan'>): boolean {
  return error === null && !isHindered(plan) && steps.every(isStepDone);
}

function isStepDone({ outcome, yieldedTo }: StepReport): boolean {
  return outcome === 'skipped' ? yieldedTo !== undefined : outcome !== 'failed';
}
