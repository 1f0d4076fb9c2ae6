import type { TableStatus } from '../../reconcile/status.ts';
import type { ServedStatus } from '../http/status-reader.ts';

/** What somebody must look at, of one table. */
export interface TableProblems {
  readonly errors: number;
  readonly warnings: number;
  /** Probes that missed or failed. */
  readonly probes: number;
  readonly total: number;
}

export function problemsOf({ error, findings, probes }: TableStatus): TableProblems {
  const bad = findings.filter(({ severity }) => severity === 'error').length;
  const errors = bad + (error === null ? 0 : 1);
  const warnings = findings.length - bad;
  const missed = probes.filter(({ outcome }) => outcome !== 'met').length;
  return { errors, warnings, probes: missed, total: errors + warnings + missed };
}

/** Of the database itself: its tables count for themselves. */
export function hasProblem({ error, paused, leadership, runs }: ServedStatus): boolean {
  return (
    error !== null || paused !== null || leadership.refused !== null || runs.some(({ outcome }) => outcome !== 'ok' && outcome !== null)
  );
}
