import { describe, expect, it } from 'vitest';
import { type Attempt, withinLockBudget } from '../../../src/apply/lock-budget.ts';
import { type Blocker, ConnectionError, LockTimeoutError, StatementError } from '../../../src/errors.ts';
import type { Clock } from '../../../src/postgres/clock.ts';

const budget = { attemptMs: 100, totalMs: 10_000, pauseMs: 100 };
const never = new AbortController().signal;
const blocker: Blocker = {
  pid: 42,
  application: 'report',
  user: 'ann',
  relation: 'public.revenues',
  mode: 'AccessShareLock',
  state: 'active',
  ageMs: 8000.4,
};

/** Time passes only by sleeping and by `pass`. */
function fakeClock(random = 0.5): Clock & { readonly sleeps: number[]; pass(ms: number): void } {
  let nowMs = 0;
  const sleeps: number[] = [];
  return {
    sleeps,
    pass: (ms) => {
      nowMs += ms;
    },
    monotonicMs: () => nowMs,
    now: () => 0n,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      sleeps.push(ms);
      nowMs += ms;
    },
    random: () => random,
  };
}

const lockTimeout = (): StatementError => new StatementError('PD501', 'canceling statement due to lock timeout', '55P03');
const deadlock = (): StatementError => new StatementError('PD501', 'deadlock detected', '40P01');

/** Fails `failures` times, each time after its whole lock timeout. */
function attemptThatFails(failures: number, clock: ReturnType<typeof fakeClock>, changes: Partial<Attempt<string>> = {}) {
  const timeouts: number[] = [];
  const told: string[] = [];
  const attempt: Attempt<string> = {
    run: async (lockTimeoutMs) => {
      timeouts.push(lockTimeoutMs);
      if (timeouts.length > failures) return 'done';
      clock.pass(lockTimeoutMs);
      throw timeouts.length % 2 === 0 ? deadlock() : lockTimeout();
    },
    readBlockers: async () => [blocker],
    onTimeout: (number, waitedMs) => told.push(`${number}: ${waitedMs}`),
    doing: 'attach public.revenues_2025_q2',
    whatIsLeft: () => 'Nothing is left.',
    ...changes,
  };
  return { attempt, timeouts, told };
}

describe('withinLockBudget', () => {
  it('returns at once when the locks are free', async () => {
    const clock = fakeClock();
    const { attempt, timeouts } = attemptThatFails(0, clock);
    await expect(withinLockBudget(attempt, budget, clock, never)).resolves.toEqual({
      value: 'done',
      lockWaitMs: 0,
      spentMs: 0,
      lockTimeouts: 0,
    });
    expect(timeouts).toEqual([50]);
  });

  it('starts at half of the longest attempt and never exceeds it', async () => {
    const clock = fakeClock();
    const { attempt, timeouts, told } = attemptThatFails(4, clock);
    const waited = await withinLockBudget(attempt, budget, clock, never);
    expect(timeouts).toEqual([50, 75, 100, 100, 100]);
    expect(told).toEqual(['1: 50', '2: 75', '3: 100', '4: 100']);
    expect(waited).toMatchObject({ lockWaitMs: 325, lockTimeouts: 4 });
    expect(waited.spentMs).toBeCloseTo(325 + clock.sleeps.reduce((sum, ms) => sum + ms, 0));
  });

  it('never asks for a timeout of 0, which would wait for ever', async () => {
    const clock = fakeClock();
    const { attempt, timeouts } = attemptThatFails(2, clock);
    await withinLockBudget(attempt, { ...budget, attemptMs: 1 }, clock, never);
    expect(timeouts).toEqual([1, 1, 1]);
  });

  it('pauses between attempts, longer each time and at most tenfold, by chance half as long or half as long again', async () => {
    for (const [random, factor] of [
      [0, 0.5],
      [0.5, 1],
      [0.999, 1.499],
    ] as const) {
      const clock = fakeClock(random);
      await withinLockBudget(attemptThatFails(12, clock).attempt, { ...budget, totalMs: 1e9 }, clock, never);
      expect(clock.sleeps[0]).toBeCloseTo(100 * factor);
      expect(clock.sleeps[1]).toBeCloseTo(130 * factor);
      expect(clock.sleeps[11]).toBeCloseTo(1000 * factor);
    }
  });

  it('gives up when the budget is spent, and names who blocked last', async () => {
    const clock = fakeClock();
    let asked = 0;
    const { attempt } = attemptThatFails(1e6, clock, { readBlockers: async () => ((asked += 1) > 3 ? [] : [blocker]) });
    const error = await withinLockBudget(attempt, budget, clock, never).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(LockTimeoutError);
    expect(error).toMatchObject({ code: 'PD401', blockers: [blocker], context: { blockingPids: ['42'] } });
    expect(String(error)).toContain(
      'pid 42 (report, user ann) holds AccessShareLock on public.revenues for 8000 ms, active. Nothing is left.',
    );
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(10_000);
    expect(clock.monotonicMs()).toBeLessThanOrEqual(10_100);
  });

  it('says so when nobody was seen holding the lock', async () => {
    const clock = fakeClock();
    const { attempt } = attemptThatFails(1e6, clock, { readBlockers: async () => [] });
    await expect(withinLockBudget(attempt, budget, clock, never)).rejects.toThrow('nobody was seen holding it');
    const anonymous = attemptThatFails(1e6, clock, { readBlockers: async () => [{ ...blocker, application: '' }] });
    await expect(withinLockBudget(anonymous.attempt, budget, clock, never)).rejects.toThrow('pid 42 (no application name, user ann)');
  });

  it('goes on when the blockers cannot be read, save for a lost connection', async () => {
    const clock = fakeClock();
    const deadline = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
    for (const failure of [deadline, new StatementError('PD501', 'canceling statement due to statement timeout', '57014')]) {
      const unread = { readBlockers: async (): Promise<never> => Promise.reject(failure) };
      await expect(withinLockBudget(attemptThatFails(2, clock, unread).attempt, budget, clock, never)).resolves.toMatchObject({
        lockTimeouts: 2,
      });
      await expect(withinLockBudget(attemptThatFails(1e6, clock, unread).attempt, budget, clock, never)).rejects.toBeInstanceOf(
        LockTimeoutError,
      );
    }
    const lost = new ConnectionError('PD201', 'Connection terminated');
    const gone = attemptThatFails(1e6, clock, { readBlockers: async () => Promise.reject(lost) });
    await expect(withinLockBudget(gone.attempt, budget, clock, never)).rejects.toBe(lost);
  });

  it('makes one attempt even when nothing of the budget is left', async () => {
    const clock = fakeClock();
    await expect(withinLockBudget(attemptThatFails(0, clock).attempt, { ...budget, totalMs: 0 }, clock, never)).resolves.toMatchObject({
      value: 'done',
    });
    await expect(withinLockBudget(attemptThatFails(1, clock).attempt, { ...budget, totalMs: 0 }, clock, never)).rejects.toBeInstanceOf(
      LockTimeoutError,
    );
  });

  it('passes any other error on after one attempt, our own bugs too', async () => {
    const clock = fakeClock();
    const denied = new StatementError('PD502', 'permission denied', '42501');
    for (const failure of [denied, new TypeError('a bug')]) {
      let runs = 0;
      const attempt = {
        ...attemptThatFails(0, clock).attempt,
        run: async () => {
          runs += 1;
          throw failure;
        },
      };
      await expect(withinLockBudget(attempt, budget, clock, never)).rejects.toBe(failure);
      expect(runs).toBe(1);
    }
  });

  it('throws the reason of an abort at most one attempt later', async () => {
    const clock = fakeClock();
    const controller = new AbortController();
    const { attempt, timeouts } = attemptThatFails(1e6, clock, {
      onTimeout: (number) => number === 2 && controller.abort(new Error('stop')),
    });
    await expect(withinLockBudget(attempt, budget, clock, controller.signal)).rejects.toThrow('stop');
    expect(timeouts).toHaveLength(2);
  });

  it('keeps a success that arrives after an abort, for what is committed is committed', async () => {
    const controller = new AbortController();
    controller.abort(new Error('stop'));
    const clock = fakeClock();
    await expect(withinLockBudget(attemptThatFails(0, clock).attempt, budget, clock, controller.signal)).resolves.toMatchObject({
      value: 'done',
    });
  });
});
