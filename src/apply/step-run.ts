import type { Lock, RenderedStep } from '../ddl/statement.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Step } from '../plan/step.ts';
import type { Session } from '../postgres/session.ts';
import type { ApplyContext } from './apply-context.ts';
import { type LockBudget, withinLockBudget } from './lock-budget.ts';
import { type OperationEntries, operationEntries } from './operation-entries.ts';
import { readBlockers } from './read-blockers.ts';
import { runTransaction, type StepTransaction } from './run-transaction.ts';

/** What one step has cost so far; kept up to date during the attempts, so that a step that fails is reported with its waits too. */
export interface StepTally {
  lockWaitMs: number;
  lockTimeouts: number;
  /** Of the lock budget: waits and pauses. */
  spentMs: number;
  /** Whether a guard of this step refuses rows of its range on the default partition at this moment. */
  hasGuard: boolean;
}

/** One step on its way. */
export interface StepRun {
  readonly session: Session;
  readonly step: Step;
  readonly rendered: RenderedStep;
  readonly entries: OperationEntries;
  readonly context: ApplyContext;
  readonly signal: AbortSignal;
  readonly startedAt: number;
  readonly tally: StepTally;
}

export function startRun(session: Session, step: Step, rendered: RenderedStep, context: ApplyContext, signal: AbortSignal): StepRun {
  return {
    session,
    step,
    rendered,
    entries: operationEntries(step, rendered, context.journal),
    context,
    signal,
    startedAt: context.clock.monotonicMs(),
    tally: { lockWaitMs: 0, lockTimeouts: 0, spentMs: 0, hasGuard: false },
  };
}

/** Completes "Could not". */
export function doing(step: Step): string {
  const relation = formatQualifiedName(step.partition);
  return 'index' in step ? `${step.kind} ${formatQualifiedName(step.index)} of ${relation}` : `${step.kind} ${relation}`;
}

export function elapsedMs(run: StepRun): number {
  return run.context.clock.monotonicMs() - run.startedAt;
}

/** What attempts wait for. */
export interface Waiting {
  /** The locks whose holders are named when they are not obtained. */
  readonly wanted: readonly Lock[];
  readonly waitsForSnapshots: boolean;
  /** Less than what is left of the step's lock budget, in milliseconds; absent: all of it. */
  readonly atMostMs?: number;
  /** As of `Attempt`. */
  whatIsLeft(): string;
}

/** Attempts under what is left of the step's lock budget. */
export async function withinStepBudget(run: StepRun, waiting: Waiting, attempt: (lockTimeoutMs: number) => Promise<void>): Promise<void> {
  const { context, tally } = run;
  const leftMs = context.budget.totalMs - tally.spentMs;
  const budget: LockBudget = { ...context.budget, totalMs: Math.max(0, Math.min(leftMs, waiting.atMostMs ?? leftMs)) };
  const startedAt = context.clock.monotonicMs();
  try {
    const waited = await withinLockBudget(
      {
        run: attempt,
        readBlockers: () => readBlockers(run.session, waiting.wanted, waiting.waitsForSnapshots, AbortSignal.timeout(blockersDeadlineMs)),
        onTimeout: (number, waitedMs, reason) => {
          tally.lockTimeouts += 1;
          tally.lockWaitMs += waitedMs;
          const spentMs = tally.spentMs + context.clock.monotonicMs() - startedAt;
          context.onEvent({ kind: 'lock-timeout', step: run.step, attempt: number, reason, spentMs });
        },
        doing: doing(run.step),
        whatIsLeft: waiting.whatIsLeft,
      },
      budget,
      context.clock,
      run.signal,
    );
    tally.spentMs += waited.spentMs;
  } catch (error) {
    tally.spentMs += context.clock.monotonicMs() - startedAt;
    throw error;
  }
}

/** Reading the statistics views takes milliseconds; this only keeps a sick server from holding the step. */
export const blockersDeadlineMs = 5_000;

/** One transaction of the step, under the ladder. `closing` is asked anew for each attempt, as it holds the waits so far. */
export async function runStepTransaction(
  run: StepRun,
  transaction: Pick<StepTransaction, 'before' | 'statements' | 'patience' | 'isBounded'>,
  waiting: Waiting,
  closing: () => readonly string[],
): Promise<void> {
  await withinStepBudget(run, waiting, async (lockTimeoutMs) => {
    const parts: StepTransaction = {
      ...transaction,
      doing: doing(run.step),
      epochGuard: run.context.epochGuard,
      statements: [...transaction.statements, ...closing()],
    };
    await runTransaction(run.session, parts, lockTimeoutMs, run.signal);
  });
}
