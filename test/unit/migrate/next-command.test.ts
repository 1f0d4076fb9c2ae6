import { describe, expect, it } from 'vitest';
import { HeldBrakes } from '../../../src/migrate/run/held-brakes.ts';
import type { Verdict } from '../../../src/partition/migration/status.ts';
import { nextCommand } from '../../../src/plan/migration/next-command.ts';

const table = { schema: 'public', name: "it's" };
const now = 1_000_000_000n;
const good: Verdict = { at: now - 60_000_000n, live: 'source', rows: 1, mismatches: 0, differences: [] };
const stage = { table, phase: 'ready' as const, live: 'source' as const, paused: null, verdict: good };

describe('the next command', () => {
  it.each([
    ['start', { ...stage, phase: 'planned' as const }],
    ['start', { ...stage, phase: 'verify' as const }],
    ['start', { ...stage, paused: { kind: 'disk' as const, reason: '' } }],
    ['switch', stage],
    ['verify', { ...stage, verdict: null }],
    ['verify', { ...stage, verdict: { ...good, mismatches: 1 } }],
    ['verify', { ...stage, verdict: { ...good, differences: ['x'] } }],
    ['verify', { ...stage, verdict: { ...good, at: now - 60_000_001n } }],
    ['verify', { ...stage, phase: 'switched' as const, live: 'target' as const }],
    ['finish --yes', { ...stage, phase: 'switched' as const, live: 'target' as const, verdict: { ...good, live: 'target' as const } }],
  ])('%#: is %s', (action, at) => {
    expect(nextCommand(at, 60_000, now)).toBe(`partitiond migrate ${action} --table 'public."it'\\''s"'`);
  });

  it('is none when it is over', () => {
    expect(nextCommand({ ...stage, phase: 'finished' }, 0, now)).toBeNull();
    expect(nextCommand({ ...stage, phase: 'aborted' }, 0, now)).toBeNull();
  });
});

describe('brakes that are held', () => {
  it('are those of which somebody has said so lately', () => {
    let clock = 0;
    const brakes = new HeldBrakes(() => clock);
    const say = (reason: 'window' | 'load', ms: number): void =>
      brakes.observe({ kind: 'throttled', database: 'app', table, reason, ms, explanation: '' });
    expect(brakes.reasons()).toEqual([]);
    say('window', 60_000);
    say('load', 100);
    expect(brakes.reasons()).toEqual(['load', 'window']);
    clock = 6_000;
    expect(brakes.reasons()).toEqual(['window']);
    clock = 65_001;
    expect(brakes.reasons()).toEqual([]);
  });
});
