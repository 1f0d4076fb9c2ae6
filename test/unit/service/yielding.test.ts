import { describe, expect, it } from 'vitest';
import { StatementError } from '../../../src/errors.ts';
import { systemClock } from '../../../src/postgres/clock.ts';
import { Yielding } from '../../../src/service/tasks/yielding.ts';
import { noAbort } from '../../support/open-session.ts';

function begin(): { readonly yielding: Yielding; readonly later: (ms: number) => void; readonly work: () => Work } {
  let now = 1_000;
  const yielding = new Yielding(100, { ...systemClock, monotonicMs: () => now });
  return {
    yielding,
    later: (ms) => {
      now += ms;
    },
    work: () => new Work(yielding),
  };
}

class Work {
  signal: AbortSignal = noAbort;
  readonly ended: Promise<void>;
  end: () => void = () => undefined;

  constructor(yielding: Yielding, outer: AbortSignal = noAbort) {
    const over = new Promise<void>((resolve) => {
      this.end = resolve;
    });
    this.ended = yielding.giveWay(async (signal) => {
      this.signal = signal;
      await over;
    }, outer);
  }
}

const lock = 'AccessExclusiveLock on public.events';

describe('what is at work', () => {
  it('gives way to one who has waited behind it for longer than the limit, and says for what', () => {
    const { yielding, later, work } = begin();
    const { signal } = work();
    later(101);
    yielding.heed({ count: 1, waitedMs: 100, lock });
    expect(signal.aborted).toBe(false);
    yielding.heed({ count: 1, waitedMs: 101, lock });
    expect(signal.reason).toBeInstanceOf(StatementError);
    expect(signal.reason).toMatchObject({ code: 'PD535', message: expect.stringContaining(`waited behind it for ${lock}, for 101 ms`) });
  });

  it('does not answer for what was before it, and nobody does after it', async () => {
    const { yielding, later, work } = begin();
    const first = work();
    later(5_000);
    first.end();
    await first.ended;
    const second = work();
    later(100);
    yielding.heed({ count: 1, waitedMs: 5_000, lock });
    expect([first.signal.aborted, second.signal.aborted]).toEqual([false, false]);
    later(1);
    yielding.heed({ count: 0, waitedMs: null, lock: null });
    expect(second.signal.aborted).toBe(false);
    second.end();
    await second.ended;
    yielding.heed({ count: 1, waitedMs: 5_000, lock });
    expect(second.signal.aborted).toBe(false);
  });

  it('ends with what it is part of', () => {
    const { yielding } = begin();
    const outer = new AbortController();
    const { signal } = new Work(yielding, outer.signal);
    outer.abort(new Error('over'));
    expect(signal.reason).toBe(outer.signal.reason);
  });
});
