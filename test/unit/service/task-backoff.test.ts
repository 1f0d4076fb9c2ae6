import { describe, expect, it } from 'vitest';
import type { QualifiedName } from '../../../src/partition/qualified-name.ts';
import type { Clock } from '../../../src/postgres/clock.ts';
import { backoffMs } from '../../../src/service/backoff.ts';
import { TaskBackoff, wholeTurn } from '../../../src/service/tasks/task-backoff.ts';

const a = { schema: 'public', name: 'a' };
const b = { schema: 'public', name: 'b' };

/** Time stands still until it is turned; `chance` is what random() answers. */
class TurnedClock implements Clock {
  atMs = 1_000;
  chance = 0;

  monotonicMs(): number {
    return this.atMs;
  }

  now(): bigint {
    return BigInt(this.atMs) * 1_000n;
  }

  async sleep(): Promise<void> {}

  random(): number {
    return this.chance;
  }
}

function failing(...failed: readonly QualifiedName[]): { readonly failed: readonly QualifiedName[]; readonly unreached: readonly [] } {
  return { failed, unreached: [] };
}

/** How long `table` waits after each of `count` failures in a row. */
function waits(count: number, chance: number): readonly number[] {
  const clock = new TurnedClock();
  clock.chance = chance;
  const backoff = new TaskBackoff([a], clock);
  return Array.from({ length: count }, () => {
    backoff.ended(wholeTurn, failing(a));
    const waitMs = backoff.turn().leftOut[0]?.waitMs ?? 0;
    clock.atMs += waitMs;
    expect(backoff.turn()).toEqual(wholeTurn);
    return waitMs;
  });
}

describe('the back-off of a task', () => {
  it('doubles from 30 s to half an hour with every failure in a row, half of it left to chance', () => {
    const seconds = [30, 60, 120, 240, 480, 960, 1800, 1800];
    expect(waits(8, 1)).toEqual(seconds.map((one) => one * 1_000));
    expect(waits(8, 0)).toEqual(seconds.map((one) => one * 500));
  });

  it('leaves out the tables that failed and goes on with the others', () => {
    const backoff = new TaskBackoff([a, b], new TurnedClock());
    expect(backoff.turn()).toEqual(wholeTurn);
    backoff.ended(wholeTurn, failing(a));
    expect(backoff.turn()).toEqual({ tables: [b], first: [], leftOut: [{ table: a, failures: 1, waitMs: 15_000 }] });
  });

  it('has nothing left when all tables wait', () => {
    const backoff = new TaskBackoff([a, b], new TurnedClock());
    backoff.ended(wholeTurn, failing(a, b));
    expect(backoff.turn().tables).toEqual([]);
  });

  it('keeps the failures of a table that a run left out', () => {
    const clock = new TurnedClock();
    const backoff = new TaskBackoff([a, b], clock);
    backoff.ended(wholeTurn, failing(a));
    backoff.ended(backoff.turn(), failing());
    expect(backoff.turn().leftOut).toMatchObject([{ table: a, failures: 1 }]);
    clock.atMs += 15_000;
    backoff.ended(backoff.turn(), failing(a));
    expect(backoff.turn().leftOut).toMatchObject([{ table: a, failures: 2 }]);
  });

  it('is over with the first success', () => {
    const backoff = new TaskBackoff([a, b], new TurnedClock());
    backoff.ended(wholeTurn, failing(a));
    backoff.ended(wholeTurn, failing());
    expect(backoff.turn()).toEqual(wholeTurn);
    backoff.ended(wholeTurn, failing(a));
    expect(backoff.turn().leftOut).toMatchObject([{ table: a, failures: 1 }]);
  });

  it('begins with the tables that the last run did not reach, which have not failed', () => {
    const clock = new TurnedClock();
    const backoff = new TaskBackoff([a, b], clock);
    backoff.ended(wholeTurn, failing(b));
    clock.atMs += 15_000;
    backoff.ended(backoff.turn(), { failed: [a], unreached: [b] });
    expect(backoff.turn()).toMatchObject({ tables: [b], first: [b], leftOut: [{ table: a, failures: 1 }] });
    clock.atMs += 15_000;
    expect(backoff.turn()).toEqual({ tables: null, first: [b], leftOut: [] });
    backoff.ended(backoff.turn(), failing(b));
    expect(backoff.turn()).toMatchObject({ tables: [a], first: [], leftOut: [{ table: b, failures: 2 }] });
  });

  it('holds the whole database back after a run that failed as a whole, until one gets to its tables', () => {
    const clock = new TurnedClock();
    const backoff = new TaskBackoff([a, b], clock);
    backoff.failed();
    backoff.failed();
    expect(backoff.turn()).toEqual({ tables: [], first: [], leftOut: [{ table: null, failures: 2, waitMs: 30_000 }] });
    clock.atMs += 30_000;
    expect(backoff.turn()).toEqual(wholeTurn);
    backoff.ended(wholeTurn, failing());
    backoff.failed();
    expect(backoff.turn().leftOut).toMatchObject([{ table: null, failures: 1 }]);
  });
});

describe('the back-off of a connection', () => {
  it('stays below the time within which a lost leader must be replaced', () => {
    const clock = new TurnedClock();
    clock.chance = 1;
    expect([1, 2, 3, 7, 8, 5_000].map((failures) => backoffMs(failures, clock))).toEqual([500, 1_000, 2_000, 30_000, 30_000, 30_000]);
  });
});
