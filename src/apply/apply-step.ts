import { renderStep } from '../ddl/render-step.ts';
import type { Batch } from '../ddl/statement.ts';
import { refusedSqlstate } from '../ddl/step/drop-table.ts';
import { ConnectionError, InvariantError, NotLeaderError, PartitiondError, StatementError } from '../errors.ts';
import type { DetachPartition, Step } from '../plan/step.ts';
import type { Session } from '../postgres/session.ts';
import type { ApplyContext } from './apply-context.ts';
import { confirmStep } from './confirm-step.ts';
import { dropOwnGuard } from './drop-own-guard.ts';
import { runBatch } from './run-batch.ts';
import { runConcurrentDetach } from './run-concurrent-detach.ts';
import { runGuardedCreate } from './run-guarded-create.ts';
import { runTransaction } from './run-transaction.ts';
import type { Outcome, StepReport } from './step-report.ts';
import { doing, elapsedMs, runStepTransaction, type StepRun, startRun } from './step-run.ts';
import { tellGuard } from './tell-guard.ts';
import { nothingIsLeft } from './what-is-left.ts';

/**
 * Runs one step: journal entry, batches under the lock budget, journal entry, and the catalog read again. Never throws: what went wrong is in
 * the report. After a failure it undoes what it can (a guard constraint) and says so in the journal; what it cannot, the next plan finds.
 * An abort before the step's last transaction makes it `skipped`. A partition that fails with the indexes of its own is made without them: the
 * task `index` makes them later or tells what is wrong, and rows for the partition arrive all the same.
 */
export async function applyStep(session: Session, step: Step, context: ApplyContext, signal: AbortSignal): Promise<StepReport> {
  const first = await attemptStep(session, step, context, signal);
  const hasOwnIndexes = (step.kind === 'create-partition' || step.kind === 'drain-default') && step.indexes.length > 0;
  if (!hasOwnIndexes || first.outcome !== 'failed' || !(first.error instanceof StatementError)) return first;
  return { ...(await attemptStep(session, { ...step, indexes: [] }, context, signal)), step };
}

async function attemptStep(session: Session, step: Step, context: ApplyContext, signal: AbortSignal): Promise<StepReport> {
  const run = startRun(session, step, renderStep(step, context.serverVersion), context, signal);
  try {
    await runBatches(run);
    await confirmUnlessAborted(run);
    return report(run, 'ok', null);
  } catch (caught) {
    if (signal.aborted && caught === signal.reason) return await failed(run, 'skipped', null);
    const error = toError(caught, step);
    return await failed(run, outcomeOf(error), error);
  }
}

/** The commit stands whatever the catalog could add, and the reader of an aborted run does not read. */
async function confirmUnlessAborted({ step, context, signal }: StepRun): Promise<void> {
  if (signal.aborted) return;
  try {
    await confirmStep(step, context);
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
  }
}

async function runBatches(run: StepRun): Promise<void> {
  const { step, rendered } = run;
  if (step.kind === 'create-partition' && step.guard !== null) return await runGuardedCreate(run);
  const last = rendered.batches.length - 1;
  for (const [index, batch] of rendered.batches.entries()) {
    if (batch.kind === 'alone') {
      if (step.kind !== 'detach-partition')
        throw new InvariantError('PD910', `${step.kind} has a batch that only a concurrent detach, and the conductor of upkeep, can run.`);
      await recordDetaching(run, step);
      await runConcurrentDetach(run, step, batch);
      if (index === last) await runBatch(run, emptyBatch, { isFirst: false, isLast: true });
    } else {
      await runBatch(run, batch, { isFirst: index === 0, isLast: index === last });
    }
  }
}

/** Where a concurrent detach has nothing to move, what remains is to write down that it is done. */
const emptyBatch: Batch = { kind: 'transaction', statements: [], patience: 'brief', whenDetachPending: null };

/** Committed, and flushed, before the detach begins: a crash of anything after this leaves a table that the next run knows. */
async function recordDetaching(run: StepRun, step: DetachPartition): Promise<void> {
  const statements = [run.entries.begin, run.entries.detached(step, 'detaching', step.partition)];
  const waiting = { wanted: [], waitsForSnapshots: false, whatIsLeft: () => nothingIsLeft };
  await runStepTransaction(run, { before: [], statements, patience: 'brief' }, waiting, () => []);
}

function report(run: StepRun, outcome: Outcome, error: PartitiondError | null): StepReport {
  const { lockWaitMs, lockTimeouts } = run.tally;
  return { step: run.step, outcome, error, durationMs: elapsedMs(run), lockWaitMs, lockTimeouts };
}

/** Undoes what the step left half done, and says so where that fails; writes the outcome down unless somebody else leads or nobody listens. */
async function failed(run: StepRun, outcome: Exclude<Outcome, 'ok'>, error: PartitiondError | null): Promise<StepReport> {
  if (error instanceof ConnectionError || error instanceof NotLeaderError) {
    return report(run, outcome, run.tally.hasGuard ? tellGuard(run, error, null) : error);
  }
  const left = run.tally.hasGuard ? await dropOwnGuard(run) : null;
  if (left === null) return await journalled(run, outcome, error);
  // A step that was only aborted has failed when it leaves something behind.
  return await journalled(run, 'failed', tellGuard(run, error ?? left, left));
}

/** Allowed to fail: the error that matters is already in hand. */
async function journalled(run: StepRun, outcome: Exclude<Outcome, 'ok'>, error: PartitiondError | null): Promise<StepReport> {
  const { lockWaitMs, lockTimeouts } = run.tally;
  const end = run.entries.finish({ outcome, error: error?.message ?? null, durationMs: elapsedMs(run), lockWaitMs, lockTimeouts });
  const transaction = {
    doing: doing(run.step),
    // Every attempt may have failed before the entry that this one completes was written.
    before: [run.entries.begin],
    epochGuard: run.context.epochGuard,
    statements: [...(await correctDetached(run).catch(() => [])), end],
    patience: 'brief' as const,
  };
  await runTransaction(run.session, transaction, run.context.budget.attemptMs, run.signal).catch(() => undefined);
  return report(run, outcome, error);
}

/** A concurrent detach that stopped half-way: still attached means never ours, gone means detached though not moved, pending stays noted. */
async function correctDetached(run: StepRun): Promise<readonly string[]> {
  const { step, context, entries } = run;
  if (step.kind !== 'detach-partition' || !step.concurrently || run.signal.aborted) return [];
  const state = await context.readPartitionState(step.tableOid, step.partition);
  if (state?.parentOid !== step.tableOid) return [entries.detached(step, 'detached', step.partition)];
  return state.isDetachPending ? [] : [entries.forgotten(step.partitionOid)];
}

function outcomeOf(error: PartitiondError): 'failed' | 'refused' {
  return error instanceof StatementError && error.sqlstate === refusedSqlstate ? 'refused' : 'failed';
}

/** Anything that is not an error of ours is a bug. */
export function toError(caught: unknown, step: Step): PartitiondError {
  if (caught instanceof PartitiondError) return caught;
  const message = caught instanceof Error ? caught.message : String(caught);
  return new InvariantError('PD910', `Could not ${doing(step)}: ${message}. This is a bug in partitiond; please report it with the log.`, {
    cause: caught,
  });
}
