import { ConnectionError, NotLeaderError, type PartitiondError } from '../errors.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { RunReport } from '../reconcile/event.ts';

/** One run of a task for one database. */
export interface Performance {
  /** paused: nothing was done, somebody asked for that. */
  readonly outcome: 'ok' | 'failed' | 'aborted' | 'paused';
  readonly failed: readonly QualifiedName[];
  /** Why work is paused; also when that came in the middle of a run, and then the rest is still to do. */
  readonly pause: { readonly reason: string; readonly by: string } | null;
}

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
  const { pause } = report;
  if (signal.aborted) return { outcome: 'aborted', failed: [], pause };
  if (fatal !== undefined && fatal !== null) throw fatal;
  const failed = report.tables.filter((table) => table.error !== null || table.steps.some((step) => step.outcome === 'failed'));
  return { outcome: failed.length > 0 ? 'failed' : 'ok', failed: failed.map(({ table }) => table), pause };
}
