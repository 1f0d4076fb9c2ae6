import { isHindered } from '../plan/is-hindered.ts';
import type { TableReport } from './event.ts';

/**
 * Whether a run that applies left nothing undone for a table: no error, no step that failed or was skipped, nothing that hinders its work. A
 * refusal is no failure, as a guard did what it is there for; it is all else that makes `apply` exit 4 for a table.
 */
export function isDone({ error, steps, plan }: Pick<TableReport, 'error' | 'steps' | 'plan'>): boolean {
  return error === null && !isHindered(plan) && steps.every(({ outcome }) => outcome !== 'failed' && outcome !== 'skipped');
}
