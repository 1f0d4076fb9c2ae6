import { InvariantError, PartitiondError } from '../errors.ts';
import { withinLockBudget } from './lock-budget.ts';
import { never } from './never.ts';
import { readBlockers } from './read-blockers.ts';
import { runTransaction } from './run-transaction.ts';
import { blockersDeadlineMs, doing, type StepRun } from './step-run.ts';

/** The guard refuses rows as long as it stands, so it is worth more attempts than most; after an abort there is little time left. */
const cleanupAttempts = 300;
const longestCleanupMs = 30_000;
const abortedCleanupMs = 2_000;

/** Drops the guard of a create step that stopped half-way. Null when it is gone (`tally.hasGuard` says so too), else why it is not. */
export async function dropOwnGuard(run: StepRun): Promise<PartitiondError | null> {
  const { budget } = run.context;
  try {
    try {
      await dropWithin(run, Math.min(longestCleanupMs, cleanupAttempts * budget.attemptMs), run.signal);
    } catch (error) {
      if (!run.signal.aborted || error !== run.signal.reason) throw error;
      await dropWithin(run, abortedCleanupMs, never);
    }
    run.tally.hasGuard = false;
    return null;
  } catch (error) {
    if (error instanceof PartitiondError) return error;
    return new InvariantError('PD910', `Could not undo ${doing(run.step)}: ${String(error)}.`, { cause: error });
  }
}

async function dropWithin(run: StepRun, totalMs: number, signal: AbortSignal): Promise<void> {
  const { session, context, rendered } = run;
  const transaction = {
    doing: `undo ${doing(run.step)}`,
    before: [],
    epochGuard: context.epochGuard,
    statements: rendered.cleanup.map(({ sql }) => sql),
    patience: 'brief' as const,
  };
  const locks = rendered.cleanup.flatMap((statement) => statement.locks);
  const attempt = {
    run: (lockTimeoutMs: number) => runTransaction(session, transaction, lockTimeoutMs, run.signal),
    readBlockers: () => readBlockers(session, locks, false, AbortSignal.timeout(blockersDeadlineMs)),
    onTimeout: () => undefined,
    doing: transaction.doing,
    whatIsLeft: () => '',
  };
  await withinLockBudget(attempt, { ...context.budget, totalMs }, context.clock, signal);
}
