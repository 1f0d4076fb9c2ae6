import { LockTimeoutError } from '../errors.ts';
import { dropOwnGuard } from './drop-own-guard.ts';
import { runBatch } from './run-batch.ts';
import { elapsedMs, type StepRun } from './step-run.ts';
import { nothingIsLeft } from './what-is-left.ts';

/** Waits for locks while the guard stands: as long as fifty attempts, and 5 s at most. */
const guardedAttempts = 50;
const longestGuardedMs = 5_000;

const soonGivenUp = 'A guard on the default partition refuses rows, so it waits a few seconds only; the next run tries again.';

/**
 * Makes a partition beside a default one: guard, VALIDATE, ATTACH. The guard refuses rows of the new range, so it does not stand while the
 * step waits for locks, save for a few seconds. When these are over it is dropped, rows get as much time to come in, and all of it begins
 * again, until the lock budget has passed since the step began; scans count here, or a large default partition would be scanned for hours.
 * Throws as `runBatch` does, and leaves the guard to the caller then (`tally.hasGuard`).
 */
export async function runGuardedCreate(run: StepRun): Promise<void> {
  const { context, rendered, signal, tally } = run;
  const [add, ...guarded] = rendered.batches;
  if (add === undefined) return;
  const guardedMs = Math.min(longestGuardedMs, guardedAttempts * context.budget.attemptMs);
  for (;;) {
    await runBatch(run, add, { isFirst: true, isLast: false, whatIsLeft: nothingIsLeft });
    tally.hasGuard = true;
    try {
      const untilMs = tally.spentMs + guardedMs;
      for (const [index, batch] of guarded.entries()) {
        const isLast = index === guarded.length - 1;
        await runBatch(run, batch, { isFirst: false, isLast, atMostMs: untilMs - tally.spentMs, whatIsLeft: soonGivenUp });
      }
      tally.hasGuard = false;
      return;
    } catch (error) {
      const pauseMs = guardedMs * (0.5 + context.clock.random());
      const isOver = elapsedMs(run) + pauseMs >= context.budget.totalMs;
      if (!(error instanceof LockTimeoutError) || isOver || (await dropOwnGuard(run)) !== null) throw error;
      await context.clock.sleep(pauseMs, signal);
      tally.spentMs += pauseMs;
    }
  }
}
