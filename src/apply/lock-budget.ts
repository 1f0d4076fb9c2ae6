import pRetry from 'p-retry';
import { type Blocker, ConnectionError, LockTimeoutError, type StatementError } from '../errors.ts';
import type { Clock } from '../postgres/clock.ts';
import { isLockFailure, sqlstates } from '../postgres/sqlstate.ts';

/** Milliseconds. */
export interface LockBudget {
  /** Longest `lock_timeout` of one attempt: `safety.lockTimeout`. */
  readonly attemptMs: number;
  /** All attempts and pauses together: `safety.lockBudget`. */
  readonly totalMs: number;
  /** Mean pause after the first attempt; later ones grow tenfold at most. */
  readonly pauseMs: number;
}

/** How a lock was not obtained: too late, or as the victim of a deadlock. */
export type LockFailure = 'lock-timeout' | 'deadlock';

/** Something that needs locks. `run` must leave nothing behind when it fails with 55P03 or 40P01. */
export interface Attempt<T> {
  run(lockTimeoutMs: number): Promise<T>;
  /** Who stands in the way, asked right after a failed attempt. */
  readBlockers(): Promise<readonly Blocker[]>;
  /** `waitedMs`: how long that attempt took. Attempts count from 1. */
  onTimeout(attempt: number, waitedMs: number, reason: LockFailure): void;
  /** Completes "Could not ... within". */
  readonly doing: string;
  /** What the failed attempts leave behind and who sees to it, as sentences for the error; asked when the budget is spent. */
  whatIsLeft(): string;
}

export interface Waited<T> {
  readonly value: T;
  /** Duration of the attempts that failed for a lock. */
  readonly lockWaitMs: number;
  /** The same and the pauses: what was spent of the budget. */
  readonly spentMs: number;
  readonly lockTimeouts: number;
}

/**
 * Runs `attempt` until it gets its locks, for at most `budget.totalMs`, with jittered pauses in between. `lock_timeout` starts at half of
 * `budget.attemptMs`, for most locks are free and a short wait stalls fewer sessions behind it; it counts for each lock on its own, so an
 * attempt that needs three locks can wait three times as long. There is always at least one attempt. Throws `LockTimeoutError` with the
 * blockers when the budget is spent, the signal's reason at most one attempt after an abort, and any other error as it is.
 * Source: postgresql.org/docs/18/runtime-config-client.html (lock_timeout; 0 would wait for ever).
 */
export async function withinLockBudget<T>(attempt: Attempt<T>, budget: LockBudget, clock: Clock, signal: AbortSignal): Promise<Waited<T>> {
  const startedAt = clock.monotonicMs();
  const tally = { lockWaitMs: 0, lockTimeouts: 0, spentMs: 0, blockers: [] as readonly Blocker[] };
  let attemptAt = startedAt;
  const value = await pRetry(
    async (number) => {
      attemptAt = clock.monotonicMs();
      return await attempt.run(lockTimeoutOf(number, budget));
    },
    {
      retries: Number.POSITIVE_INFINITY,
      // Pauses are ours (below): they follow the injected clock and are cut by the budget. No `signal` either: p-retry would turn a success
      // that arrives after an abort into a failure, and a committed step is committed.
      minTimeout: 0,
      shouldRetry: async ({ error, attemptNumber }) => {
        if (!isLockFailure(error)) return false;
        const waitedMs = clock.monotonicMs() - attemptAt;
        tally.lockTimeouts += 1;
        tally.lockWaitMs += waitedMs;
        attempt.onTimeout(attemptNumber, waitedMs, error.sqlstate === sqlstates.deadlockDetected ? 'deadlock' : 'lock-timeout');
        const blockers = await attempt.readBlockers().catch(nobodyKnown);
        if (blockers.length > 0) tally.blockers = blockers;
        signal.throwIfAborted();
        const leftMs = budget.totalMs - (clock.monotonicMs() - startedAt);
        if (leftMs <= 0) throw spent(attempt, budget, tally, error);
        await clock.sleep(Math.min(leftMs, pauseOf(attemptNumber, budget, clock.random())), signal);
        tally.spentMs = clock.monotonicMs() - startedAt;
        return true;
      },
    },
  );
  return { value, lockWaitMs: tally.lockWaitMs, spentMs: tally.spentMs, lockTimeouts: tally.lockTimeouts };
}

/** Who blocks is only for the message: where it cannot be read, the lock that was not obtained is still what matters. */
function nobodyKnown(error: unknown): readonly Blocker[] {
  if (error instanceof ConnectionError) throw error;
  return [];
}

/** Half, three quarters, then all of `attemptMs`. Whole milliseconds, as PostgreSQL takes them; never 0, which would wait for ever. */
function lockTimeoutOf(attempt: number, budget: LockBudget): number {
  return Math.max(1, Math.floor(budget.attemptMs * Math.min(1, 0.25 + 0.25 * attempt)));
}

/** Between half and one and a half of a pause that grows to ten times its first length: sessions behind a failed attempt get room to go on. */
function pauseOf(attempt: number, budget: LockBudget, random: number): number {
  return budget.pauseMs * Math.min(10, 1.3 ** (attempt - 1)) * (0.5 + random);
}

interface Tally {
  readonly lockTimeouts: number;
  readonly lockWaitMs: number;
  readonly blockers: readonly Blocker[];
}

function spent(attempt: Attempt<unknown>, budget: LockBudget, tally: Tally, cause: StatementError): LockTimeoutError {
  const who = tally.blockers.length === 0 ? 'nobody was seen holding it' : tally.blockers.slice(0, 5).map(describeBlocker).join('; ');
  const tried =
    budget.totalMs === 0
      ? 'in one attempt, as the lock budget was spent before'
      : `within the lock budget of ${budget.totalMs} ms (${tally.lockTimeouts} attempts of at most ${budget.attemptMs} ms)`;
  const message = `Could not ${attempt.doing} ${tried}: ${who}. ${attempt.whatIsLeft()}`.trimEnd();
  const context = {
    sqlstate: cause.sqlstate,
    lockTimeouts: tally.lockTimeouts,
    lockWaitMs: Math.round(tally.lockWaitMs),
    blockingPids: tally.blockers.map(({ pid }) => String(pid)),
  };
  return new LockTimeoutError('PD401', message, tally.blockers, { cause, context });
}

function describeBlocker(blocker: Blocker): string {
  const { pid, application, user, mode, relation, ageMs, state } = blocker;
  return `pid ${pid} (${application === '' ? 'no application name' : application}, user ${user}) holds ${mode} on ${relation}${state === '' ? '' : ` for ${Math.round(ageMs)} ms, ${state}`}`;
}
