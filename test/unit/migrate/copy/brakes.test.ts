import { describe, expect, it } from 'vitest';
import { Brakes, type FullLook } from '../../../../src/migrate/copy/brakes/brakes.ts';
import { parseInstant } from '../../../../src/partition/calendar.ts';

const policy = { window: [], brakes: { replicaLagMs: 10_000, slotWalBytes: 1_000, commitLatencyFactor: 3 } };
const now = parseInstant('2026-11-20T12:00:00Z', 'UTC');

interface Seen {
  readonly atMs?: number;
  readonly commitMs?: number;
  readonly lagMs?: number;
  readonly slotBytes?: number;
  readonly requested?: number;
  readonly written?: bigint;
}

function look({ atMs = 0, commitMs = 1, lagMs, slotBytes, requested = 0, written = 0n }: Seen): FullLook {
  const moment = { now: now + BigInt(atMs) * 1000n, written: 100n, replayed: lagMs === undefined ? null : 50n, lagMs: lagMs ?? null };
  const slot = slotBytes === undefined ? { slot: null, slotBytes: null } : { slot: 'standby', slotBytes };
  return { moment, load: { written, ...slot, requestedCheckpoints: requested, maxWalSize: 1_000 }, commitMs, atMs };
}

describe('Brakes', () => {
  it('hold batches back for a standby that is behind and a slot that holds back too much', () => {
    const brakes = new Brakes(policy, 'UTC', [1]);
    expect(brakes.held(0)).toBeNull();
    brakes.observe(look({ lagMs: 10_000, slotBytes: 1_000 }));
    expect(brakes.held(0)).toBeNull();
    brakes.observe(look({ lagMs: 10_001 }));
    expect(brakes.held(0)).toMatchObject({ reason: 'replication-lag', explanation: expect.stringMatching(/standby is 10001 ms behind/) });
    brakes.observe(look({ slotBytes: 1_001 }));
    expect(brakes.held(0)).toMatchObject({ reason: 'replication-lag', explanation: expect.stringMatching(/slot standby/) });
  });

  it('hold them for commits that are slow again and again, not for one, nor below what a busy machine takes', () => {
    const brakes = new Brakes(policy, 'UTC', [9, 10, 30]);
    for (const commitMs of [10, 500, 10, 10]) brakes.observe(look({ commitMs }));
    expect(brakes.held(0)).toBeNull();
    for (const commitMs of [31, 31]) brakes.observe(look({ commitMs }));
    expect(brakes.held(0)).toMatchObject({
      reason: 'load',
      explanation: expect.stringMatching(/takes 31\.0 ms, more than 3 times the 10\.0 ms/),
    });
    const fast = new Brakes(policy, 'UTC', [0.1]);
    for (const commitMs of [20, 20, 20]) fast.observe(look({ commitMs }));
    expect(fast.held(0)).toBeNull();
  });

  it('hold them for a while after a checkpoint for which the log had grown, not after one that somebody ordered', () => {
    const brakes = new Brakes(policy, 'UTC', [1]);
    brakes.observe(look({ requested: 3, written: 10_000n }));
    brakes.observe(look({ requested: 4, written: 10_249n, atMs: 1_000 }));
    expect(brakes.held(1_000)).toBeNull();
    brakes.observe(look({ requested: 5, written: 10_499n, atMs: 2_000 }));
    expect(brakes.held(3_999)).toMatchObject({ reason: 'load', explanation: expect.stringMatching(/checkpoint/i) });
    expect(brakes.held(4_000)).toBeNull();
  });

  it('hold them for sessions that wait for us, and outside the window by the clock of the server', () => {
    const window = [{ days: [5], fromMinute: 720, toMinute: 721 }];
    const brakes = new Brakes({ ...policy, window }, 'UTC', [1]);
    brakes.observe(look({ atMs: 5_000 }));
    brakes.observeWaiters(2);
    expect(brakes.held(6_000)).toMatchObject({ reason: 'lock', explanation: expect.stringMatching(/^2 sessions/) });
    brakes.observeWaiters(0);
    expect(brakes.held(59_999)).toBeNull();
    expect(brakes.held(60_000)).toMatchObject({ reason: 'window' });
  });
});
