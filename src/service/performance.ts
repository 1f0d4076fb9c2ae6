import { ConnectionError, NotLeaderError, type PartitiondError } from '../errors.ts';
import type { RunReport } from '../reconcile/event.ts';

/** One run of a task for one database. `paused`: nothing was done, somebody asked for that. */
export type Performance =
  | { readonly outcome: 'ok' | 'failed' | 'aborted' }
  | { readonly outcome: 'paused'; readonly reason: string; readonly by: string };

/**
 * How a run went. A refusal is no failure: a guard did what it is there for, and a finding says so. Throws the error that stopped the
 * database as a whole.
 */
export function verdict(report: RunReport, signal: AbortSignal): Performance {
  const errors = report.tables.flatMap((table): readonly (PartitiondError | null)[] => [
    table.error,
    ...table.steps.map((step) => step.error),
  ]);
  const fatal = errors.find((error) => error instanceof NotLeaderError) ?? errors.find((error) => error instanceof ConnectionError);
  if (signal.aborted) return { outcome: 'aborted' };
  if (fatal !== undefined && fatal !== null) throw fatal;
  const hasFailed = report.tables.some((table) => table.error !== null || table.steps.some((step) => step.outcome === 'failed'));
  return { outcome: hasFailed ? 'failed' : 'ok' };
}
