import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/postgres/clock.ts';
import { withinRuntime } from '../../../src/service/tasks/within-runtime.ts';

const error = new Error('too long');
const forever = async (signal: AbortSignal): Promise<void> => await delay(600_000, undefined, { signal });

describe('a run within its time', () => {
  it('answers what the body answers, also when the limit is beyond what a timer can hold', async () => {
    const { signal } = new AbortController();
    const answer = await withinRuntime({ ms: 1e12, error }, systemClock, signal, async (within) => {
      await delay(20);
      return within.aborted;
    });
    expect(answer).toBe(false);
  });

  it('is aborted when the time is up, waited for, and ends with the error of the limit whatever the body made of it', async () => {
    const { signal } = new AbortController();
    let hasEnded = false;
    const patient = async (within: AbortSignal): Promise<string> => {
      await forever(within).catch(() => undefined);
      await delay(20);
      hasEnded = true;
      return 'aborted';
    };
    await expect(withinRuntime({ ms: 10, error }, systemClock, signal, patient)).rejects.toBe(error);
    expect(hasEnded).toBe(true);
  });

  it('is aborted with its surroundings, for their reason', async () => {
    const outer = new AbortController();
    const reason = new Error('drained');
    const seen: unknown[] = [];
    const running = withinRuntime({ ms: 600_000, error }, systemClock, outer.signal, async (within) => {
      await forever(within).catch(() => seen.push(within.reason));
      return 'aborted';
    });
    outer.abort(reason);
    expect(await running).toBe('aborted');
    expect(seen).toEqual([reason]);
  });

  it('passes on what the body throws', async () => {
    const own = new Error('own');
    const { signal } = new AbortController();
    await expect(withinRuntime({ ms: 600_000, error }, systemClock, signal, () => Promise.reject(own))).rejects.toBe(own);
  });
});
