import { describe, expect, it } from 'vitest';
import { Pressure } from '../../../../src/apply/upkeep/pressure.ts';
import type { Moment, Waiter } from '../../../../src/apply/upkeep/watch.sql.ts';

const limits = {
  concurrency: 2,
  window: null,
  costDelayMs: null,
  costLimit: null,
  maxReplicationLagMs: 1_000,
  maxLockWaiters: 1,
};
const ours: ReadonlySet<number> = new Set([1]);

/** A look, that many seconds after the first. */
function at(second: number, moment: Partial<Moment>): Moment {
  return { now: BigInt(second) * 1_000_000n, written: 100n, replayed: 100n, lagMs: null, ...moment };
}

function waiter(pid: number, isOfDatabase = true): Waiter {
  return { pid, isOfDatabase, waitedMs: 10, blockers: [] };
}

describe('pressure', () => {
  it('of standbys is the lag that they report while they are behind', () => {
    const pressure = new Pressure();
    pressure.observe(at(0, { replayed: 90n, lagMs: 1_500 }), [], ours);
    expect(pressure.holds(limits)?.reason).toBe('replication-lag');
    pressure.observe(at(1, { replayed: 100n, lagMs: 1_500 }), [], ours);
    expect(pressure.holds(limits)).toBeNull();
  });

  it('of a standby that replays nothing is the age of what it has not replayed', () => {
    const pressure = new Pressure();
    pressure.observe(at(0, { written: 100n, replayed: 90n }), [], ours);
    pressure.observe(at(1, { written: 110n, replayed: 90n }), [], ours);
    expect(pressure.holds(limits)).toBeNull();
    pressure.observe(at(2, { written: 120n, replayed: 90n }), [], ours);
    expect(pressure.holds(limits)?.explanation).toContain('2000 ms behind');
    // What was written at second 0 is replayed, what was written at second 1 is not.
    pressure.observe(at(2, { written: 120n, replayed: 100n }), [], ours);
    expect(pressure.holds(limits)).toBeNull();
    expect(pressure.holds({ ...limits, maxReplicationLagMs: 999 })?.reason).toBe('replication-lag');
  });

  it('is none without standbys, or for whoever sets no limit', () => {
    const pressure = new Pressure();
    pressure.observe(at(0, { replayed: null }), [], ours);
    expect(pressure.holds(limits)).toBeNull();
    pressure.observe(at(9, { replayed: 1n, lagMs: 9_000 }), [waiter(2), waiter(3)], ours);
    expect(pressure.holds({ ...limits, maxReplicationLagMs: null, maxLockWaiters: null })).toBeNull();
  });

  it('of lock waiters counts each session of the database once, and none of ours', () => {
    const pressure = new Pressure();
    pressure.observe(null, [waiter(1), waiter(2), waiter(2), waiter(3, false)], ours);
    expect(pressure.holds(limits)).toBeNull();
    pressure.observe(null, [waiter(2), waiter(4)], ours);
    expect(pressure.holds(limits)?.reason).toBe('lock-waiters');
  });
});
