import { describe, expect, it } from 'vitest';
import { blockedSessions } from '../../../../src/apply/upkeep/blocked-sessions.ts';
import type { Waiter } from '../../../../src/apply/upkeep/watch.sql.ts';

const ours: ReadonlySet<number> = new Set([1, 2]);

function waiter(pid: number, waitedMs: number, ...blockers: readonly number[]): Waiter {
  return { pid, isOfDatabase: true, waitedMs, blockers: blockers.map(String) };
}

describe('sessions behind ours', () => {
  it('are those that wait for one of ours, and those that wait for these', () => {
    const { count, waitedMs } = blockedSessions([waiter(30, 5, 20), waiter(20, 80, 10), waiter(10, 90, 1), waiter(40, 1, 50)], ours);
    expect(count).toBe(3);
    expect([...waitedMs]).toEqual([[1, 90]]);
  });

  it('have waited for each of ours as long as the one that waits longest', () => {
    const { count, waitedMs } = blockedSessions([waiter(10, 5, 1, 2), waiter(11, 70, 2)], ours);
    expect(count).toBe(2);
    expect(new Map(waitedMs)).toEqual(
      new Map([
        [1, 5],
        [2, 70],
      ]),
    );
  });

  it('are none of ours that wait for one another', () => {
    expect(blockedSessions([waiter(2, 100, 1)], ours)).toEqual({ count: 0, waitedMs: new Map() });
  });
});
