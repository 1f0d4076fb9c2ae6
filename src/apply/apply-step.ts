import { renderStep } from '../ddl/render-step.ts';
import type { Batch } from '../ddl/statement.ts';
import { refusedSqlstate } from '../ddl/step/drop-table.ts';
import { ConnectionError, InvariantError, NotLeaderError, PartitiondError, StatementError } from '../errors.ts';
import type { Step } from '../plan/step.ts';
import type { Session } from '../postgres/session.ts';
import type { ApplyContext } from './apply-context.ts';
import { confirmStep } from './confirm-step.ts';
import { withinLockBudget } from './lock-budget.ts';
import { readBlockers } from './read-blockers.ts';
import { runConcurrentDetach } from './run-concurrent-detach.ts';
import { runTransaction } from './run-transaction.ts';
import type { Outcome, StepReport } from './step-report.ts';
import { doing, elapsedMs, runStepTransaction, type StepRun, startRun } from './step-run.ts';

/**
 * Runs one step: journal entry, batches under the lock budget, journal entry, and the catalog read again. Never throws: what went wrong is in
 * the report. After a failure it undoes what it can (a guard constraint) and says so in the journal; what it cannot, the next plan finds.
 * An abort before the step's last transaction makes it `skipped`.
 */
export async function applyStep(session: Session, step: Step, context: ApplyContext, signal: AbortSignal): Promise<StepReport> {
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
  const { step, rendered, entries } = run;
  const last = rendered.batches.length - 1;
  let before: readonly string[] = [entries.begin];
  for (const [index, batch] of rendered.batches.entries()) {
    if (batch.kind === 'alone') {
      if (step.kind !== 'detach-partition')
        throw new InvariantError('PD910', `${step.kind} has a batch that only a concurrent detach has.`);
      await recordDetaching(run, before, entries.detached(step, 'detaching', step.partition));
      await runConcurrentDetach(run, step, batch);
      if (index === last) await runTransactionBatch(run, emptyBatch, [], true);
    } else {
      await runTransactionBatch(run, batch, before, index === last);
    }
    before = [];
  }
}

/** Where a concurrent detach has nothing to move, what remains is to write down that it is done. */
const emptyBatch: Batch = { kind: 'transaction', statements: [], patience: 'brief', whenDetachPending: null };

async function runTransactionBatch(run: StepRun, batch: Batch, before: readonly string[], isLast: boolean): Promise<void> {
  const transaction = { before, statements: batch.statements.map(({ sql }) => sql), patience: batch.patience };
  const wanted = batch.statements.flatMap(({ locks }) => locks);
  const waitsForSnapshots = run.step.kind === 'finalize-detach';
  await runStepTransaction(run, transaction, wanted, waitsForSnapshots, () => (isLast ? closing(run) : []));
}

/** Committed, and flushed, before the detach begins: a crash of anything after this leaves a table that the next run knows. */
async function recordDetaching(run: StepRun, before: readonly string[], entry: string): Promise<void> {
  await runStepTransaction(run, { before: [], statements: [...before, entry], patience: 'brief' }, [], false, () => []);
  run.tally.committed = 0;
}

/** Journal entries that belong into the step's last transaction: true exactly when that commits. */
function closing(run: StepRun): readonly string[] {
  const { step, entries } = run;
  const end = {
    outcome: 'ok' as const,
    error: null,
    durationMs: elapsedMs(run),
    lockWaitMs: run.tally.lockWaitMs,
    lockTimeouts: run.tally.lockTimeouts,
  };
  switch (step.kind) {
    case 'detach-partition':
    case 'finalize-detach':
      return [entries.detached(step, 'detached', step.moveTo ?? step.partition), entries.finish(end)];
    case 'drop-table':
      return [entries.forgotten(step.partitionOid), entries.finish(end)];
    case 'create-partition':
    case 'create-default':
    case 'drop-guard':
      return [entries.finish(end)];
    default:
      return unknownStep(step);
  }
}

function report(run: StepRun, outcome: Outcome, error: PartitiondError | null): StepReport {
  const { lockWaitMs, lockTimeouts } = run.tally;
  return { step: run.step, outcome, error, durationMs: elapsedMs(run), lockWaitMs, lockTimeouts };
}

async function failed(run: StepRun, outcome: Exclude<Outcome, 'ok'>, error: PartitiondError | null): Promise<StepReport> {
  const isOver = error instanceof ConnectionError || error instanceof NotLeaderError;
  if (!isOver) await tidyUp(run, outcome, error);
  return report(run, outcome, error);
}

/** Each on its own and each allowed to fail: the error that matters is already in hand, and the next plan finds what is left. */
async function tidyUp(run: StepRun, outcome: Exclude<Outcome, 'ok'>, error: PartitiondError | null): Promise<void> {
  if (run.tally.committed > 0) {
    for (const statement of run.rendered.cleanup) await attemptCleanup(run, statement.sql);
  }
  const { lockWaitMs, lockTimeouts } = run.tally;
  const end = run.entries.finish({ outcome, error: error?.message ?? null, durationMs: elapsedMs(run), lockWaitMs, lockTimeouts });
  const statements = [...(await correctDetached(run).catch(() => [])), end];
  const transaction = {
    doing: doing(run.step),
    // Every attempt may have failed before the entry that this one completes was written.
    before: [run.entries.begin],
    epochGuard: run.context.epochGuard,
    statements,
    patience: 'brief' as const,
  };
  await runTransaction(run.session, transaction, run.context.budget.attemptMs, never).catch(() => undefined);
}

/** A concurrent detach that stopped half-way: still attached means never ours, gone means detached though not moved, pending stays noted. */
async function correctDetached(run: StepRun): Promise<readonly string[]> {
  const { step, context, entries } = run;
  if (step.kind !== 'detach-partition' || !step.concurrently || run.signal.aborted) return [];
  const state = await context.readPartitionState(step.tableOid, step.partition);
  if (state?.parentOid !== step.tableOid) return [entries.detached(step, 'detached', step.partition)];
  return state.isDetachPending ? [] : [entries.forgotten(step.partitionOid)];
}

const never: AbortSignal = new AbortController().signal;
/** A cleanup is worth a few attempts, not another budget; after an abort there is one. */
const cleanupMs = 2_000;

async function attemptCleanup(run: StepRun, sql: string): Promise<void> {
  const { session, context, rendered } = run;
  const transaction = {
    doing: `undo ${doing(run.step)}`,
    before: [],
    epochGuard: context.epochGuard,
    statements: [sql],
    patience: 'brief' as const,
  };
  const locks = rendered.cleanup.flatMap((statement) => statement.locks);
  const attempt = {
    run: (lockTimeoutMs: number) => runTransaction(session, transaction, lockTimeoutMs, never),
    readBlockers: () => readBlockers(session, locks, false, never),
    onTimeout: () => undefined,
    doing: transaction.doing,
  };
  await withinLockBudget(attempt, { ...context.budget, totalMs: cleanupMs }, context.clock, run.signal).catch(() => undefined);
}

function outcomeOf(error: PartitiondError): 'failed' | 'refused' {
  return error instanceof StatementError && error.sqlstate === refusedSqlstate ? 'refused' : 'failed';
}

function toError(caught: unknown, step: Step): PartitiondError {
  if (caught instanceof PartitiondError) return caught;
  const message = caught instanceof Error ? caught.message : String(caught);
  return new InvariantError('PD910', `Could not ${doing(step)}: ${message}. This is a bug in partitiond; please report it with the log.`, {
    cause: caught,
  });
}

function unknownStep(step: never): never {
  throw new TypeError(`unknown step ${String(step)}`);
}
