import { ConnectionError, NotLeaderError } from '../../errors.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { RunReport, TableReport } from '../../reconcile/event.ts';
import { isDone } from '../../reconcile/is-done.ts';

/** One run of a task for one database. */
export interface Performance {
  /** paused: nothing was done, somebody asked for that. */
  readonly outcome: 'ok' | 'failed' | 'aborted' | 'paused';
  /** Tables that failed, and the one that was being worked on when the run was ended. */
  readonly failed: readonly QualifiedName[];
  /** Tables whose turn did not come, as the run was ended before. */
  readonly unreached: readonly QualifiedName[];
  /** The connection's failure that ended the run in its middle; null otherwise. */
  readonly lost: ConnectionError | null;
  /** Why work is paused; also when that came in the middle of a run, and then the rest is still to do. */
  readonly pause: { readonly reason: string; readonly by: string } | null;
}

/** A run of which nothing is known but this. */
export const nothingDone: Omit<Performance, 'outcome'> = { failed: [], unreached: [], lost: null, pause: null };

/**
 * How a run went, whatever ended it; `isGood` says of each table whether it went well. Of one that applies: a refusal is no failure, as a
 * guard did what it is there for, and a finding says so. Throws `NotLeaderError` when that ended the run.
 */
export function verdict(
  { tables, unreached, pause }: RunReport,
  signal: AbortSignal,
  isGood: (table: TableReport) => boolean = isDone,
): Performance {
  const names = new Set(unreached.map(formatQualifiedName));
  const failed = tables.filter((table) => !names.has(formatQualifiedName(table.table)) && !isGood(table)).map(({ table }) => table);
  if (signal.aborted) return { outcome: 'aborted', failed, unreached, lost: null, pause };
  const errors = tables.flatMap((table) => [table.error, ...table.steps.map((step) => step.error)]);
  const fenced = errors.find((error) => error instanceof NotLeaderError);
  if (fenced !== undefined) throw fenced;
  const lost = errors.find((error) => error instanceof ConnectionError) ?? null;
  return { outcome: tables.every(isGood) ? 'ok' : 'failed', failed, unreached, lost, pause };
}
