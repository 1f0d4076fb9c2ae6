import { ConnectionError, InvariantError, NotLeaderError, type PartitiondError } from '../../errors.ts';
import type { RunReport, TableReport } from '../../reconcile/event.ts';
import { isDone } from '../../reconcile/is-done.ts';
import type { Visit } from './visit-databases.ts';

/** What one database contributes to the exit code. */
export type Verdict = 'done' | 'failed' | 'unreachable' | 'not-leader' | 'bug';

/**
 * 70 when there was a bug anywhere; 3 and 5 only when true of every database; 4 when anything else went wrong; 0 otherwise
 * (contract.md, Exit codes). Of no database at all: 0.
 */
export function exitCodeOf(verdicts: readonly Verdict[]): number {
  if (verdicts.includes('bug')) return 70;
  if (verdicts.every((verdict) => verdict === 'done')) return 0;
  if (verdicts.every((verdict) => verdict === 'unreachable')) return 3;
  if (verdicts.every((verdict) => verdict === 'not-leader')) return 5;
  return 4;
}

/** A visit whose answer cannot itself report failures. */
export function verdictOfVisit(visit: Visit<unknown>): Verdict {
  if (visit.error !== null) return verdictOfError(visit.error);
  return visit.answer === null ? 'failed' : 'done';
}

/** A run that read only: what it found is data, so only errors count. */
export function verdictOfPlan(visit: Visit<RunReport>): Verdict {
  return verdictOfTables(visit, (table) => table.error !== null);
}

/** A run that changed: failed, refused and skipped steps count, and so do findings of severity error. */
export function verdictOfApply(visit: Visit<RunReport>): Verdict {
  const isRefused = ({ steps }: TableReport): boolean => steps.some(({ outcome }) => outcome === 'refused');
  return verdictOfTables(visit, (table) => !isDone(table) || isRefused(table));
}

function verdictOfTables(visit: Visit<RunReport>, isBad: (table: TableReport) => boolean): Verdict {
  if (visit.answer === null) return verdictOfVisit(visit);
  const { tables } = visit.answer;
  const verdicts = tables
    .flatMap((table) => [table.error, ...table.steps.map((step) => step.error)])
    .flatMap((error) => (error === null ? [] : [verdictOfError(error)]));
  if (verdicts.includes('bug')) return 'bug';
  if (!tables.some(isBad)) return 'done';
  // The connection or the leadership was lost before anything was done: as if it had not been there from the start.
  const isUntouched = !tables.some((table) => table.steps.some((step) => step.outcome === 'ok'));
  const [first] = verdicts;
  return isUntouched && first !== undefined && verdicts.every((verdict) => verdict === first) ? first : 'failed';
}

function verdictOfError(error: PartitiondError): Verdict {
  if (error instanceof InvariantError) return 'bug';
  if (error instanceof ConnectionError) return 'unreachable';
  return error instanceof NotLeaderError ? 'not-leader' : 'failed';
}
