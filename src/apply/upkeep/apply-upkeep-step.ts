import { renderStep } from '../../ddl/render-step.ts';
import type { PartitiondError } from '../../errors.ts';
import type { UpkeepStep } from '../../plan/step.ts';
import type { ApplyContext } from '../apply-context.ts';
import { applyStep, toError } from '../apply-step.ts';
import type { Outcome, StepReport, Yield } from '../step-report.ts';
import { elapsedMs, type StepRun, startRun } from '../step-run.ts';
import type { AloneRun } from './alone-run.ts';
import { contradiction } from './confirm-upkeep.ts';
import { isGone, look, reasonToYield } from './look.ts';
import { runAlone } from './run-alone.ts';
import type { UpkeepWorker } from './upkeep-worker.ts';

/**
 * Runs one step of upkeep on `worker`. VACUUM and ANALYZE say themselves what they skip; before anything else it looks whether the step's
 * relation and index are still there and nobody holds a lock that it would wait for, and leaves them alone otherwise. `cancel` stops its
 * command, `signal` all of it; a command that has begun is stopped by `cancel` alone, so whoever aborts `signal` aborts both. Never throws.
 */
export async function applyUpkeepStep(
  worker: UpkeepWorker,
  step: UpkeepStep,
  context: ApplyContext,
  signal: AbortSignal,
  cancel: AbortSignal = signal,
  onBegun: AloneRun['onBegun'] = () => undefined,
): Promise<StepReport> {
  const startedAt = context.clock.monotonicMs();
  const done = (outcome: Outcome, error: PartitiondError | null, yieldedTo: Yield | null): StepReport => ({
    step,
    outcome,
    error,
    ...(yieldedTo === null ? {} : { yieldedTo }),
    durationMs: context.clock.monotonicMs() - startedAt,
    lockWaitMs: 0,
    lockTimeouts: 0,
  });
  try {
    const run = startRun(worker.session, step, renderStep(step, context.serverVersion), context, signal);
    const isBrief = run.rendered.batches.every(({ kind }) => kind === 'transaction');
    const early =
      step.kind === 'vacuum' || step.kind === 'analyze' ? null : reasonToYield(step, await look(worker.session, step, signal), isBrief);
    if (early !== null) return done('skipped', null, early);
    if (isBrief) return await applyBrief(worker, step, context, run);
    const yieldedTo = await runAlone({ ...run, step, worker, cancel, onBegun });
    return done(yieldedTo === null ? 'ok' : 'skipped', null, yieldedTo);
  } catch (caught) {
    if (signal.aborted && caught === signal.reason) return done('skipped', null, null);
    return done('failed', toError(caught, step), null);
  }
}

/** A transaction under the lock ladder, like any other step's; what failed because its relation went away is for the next run. */
async function applyBrief(worker: UpkeepWorker, step: UpkeepStep, context: ApplyContext, { signal, ...run }: StepRun): Promise<StepReport> {
  // After a build the session would still have no statement timeout.
  await worker.restore(context, signal);
  const report = await applyStep(worker.session, step, context, signal);
  if (signal.aborted || (report.outcome !== 'ok' && report.outcome !== 'failed')) return report;
  const sight = await look(worker.session, step, signal).catch(() => null);
  if (sight === null) return report;
  if (report.outcome === 'ok') {
    const error = contradiction(step, sight);
    return error === null ? report : { ...report, outcome: 'failed', error, durationMs: elapsedMs({ ...run, signal }) };
  }
  return isGone(step, sight) ? { ...report, outcome: 'skipped', error: null, yieldedTo: 'gone' } : report;
}
