import type { TableReport } from './event.ts';

/** Whether nothing was left undone for a table; a refusal is no failure, as a guard did what it is there for. */
export function isDone({ error, steps }: Pick<TableReport, 'error' | 'steps'>): boolean {
  return error === null && steps.every(({ outcome }) => outcome !== 'failed' && outcome !== 'skipped');
}
