import { renderStep } from '../ddl/render-step.ts';
import { ConnectionError, InvariantError, LockTimeoutError, NotLeaderError, type PartitiondError } from '../errors.ts';
import type { DetachPartition, FinalizeDetach, Step } from '../plan/step.ts';
import type { Session } from '../postgres/session.ts';
import type { ApplyContext } from './apply-context.ts';
import { applyStep } from './apply-step.ts';
import { sqlOf } from './operation-entries.ts';
import type { StepReport } from './step-report.ts';

/**
 * Runs the steps of one table in their order and reports each, in that order. A step that fails does not stop the others, save what builds on
 * it: a table whose detach failed is not dropped. Once a step has spent the lock budget, the others get one attempt each: whoever blocked it
 * is likely to block them, and the other tables wait for this one. An abort, a lost connection, a lost leadership or a bug leave the rest `skipped`. This room
 * decides nothing: which steps, and in which order, is the plan's. Never throws.
 */
export async function applyPlan(
  session: Session,
  steps: readonly Step[],
  context: ApplyContext,
  signal: AbortSignal,
): Promise<readonly StepReport[]> {
  const reports: StepReport[] = [];
  const stillAttached = new Set<string>();
  let { budget } = context;
  let isOver = false;
  for (const [index, step] of steps.entries()) {
    const isSkipped = isOver || signal.aborted || (step.kind === 'drop-table' && stillAttached.has(step.partitionOid));
    if (!isSkipped) context.onEvent({ kind: 'step-started', step, index, total: steps.length });
    const report = isSkipped ? skipped(step) : await applyStep(session, step, { ...context, budget }, signal);
    if (isDetach(step) && report.outcome !== 'ok') stillAttached.add(step.partitionOid);
    if (report.error instanceof LockTimeoutError) budget = { ...budget, totalMs: 0 };
    if (endsAll(report.error)) isOver = true;
    context.onEvent({ kind: 'step-finished', report, sql: sqlOf(renderStep(step, context.serverVersion)) });
    reports.push(report);
  }
  return reports;
}

function isDetach(step: Step): step is DetachPartition | FinalizeDetach {
  return step.kind === 'detach-partition' || step.kind === 'finalize-detach';
}

function endsAll(error: PartitiondError | null): boolean {
  return error instanceof ConnectionError || error instanceof NotLeaderError || error instanceof InvariantError;
}

function skipped(step: Step): StepReport {
  return { step, outcome: 'skipped', error: null, durationMs: 0, lockWaitMs: 0, lockTimeouts: 0 };
}
