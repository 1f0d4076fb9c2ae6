import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/postgres/clock.ts';
import { Readiness } from '../../../src/service/readiness.ts';

describe('being alive', () => {
  it('ends when timers are more than a minute late, and not before the start', () => {
    let now = 0;
    const readiness = new Readiness([], { ...systemClock, monotonicMs: () => now });
    now = 1_000_000;
    expect(readiness.explainDead()).toBeNull();
    readiness.started();
    now += 65_000;
    expect(readiness.explainDead()).toBeNull();
    now += 1_000;
    expect(readiness.explainDead()).toContain('late');
    readiness.stopping();
  });

  it('is asked of the databases there are now, and names the one that is stuck', () => {
    const databases = [{ name: 'one', unconfirmedMs: 0 }];
    const readiness = new Readiness(databases, systemClock);
    databases.push({ name: 'two', unconfirmedMs: 31_000 });
    expect(readiness.explainDead()).toContain('two');
  });
});
