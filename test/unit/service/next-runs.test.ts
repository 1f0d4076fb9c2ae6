import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Schedules } from '../../../src/config/configuration.ts';
import { firingOffsetMs } from '../../../src/service/tasks/firing-offset.ts';
import { nextRuns } from '../../../src/service/tasks/next-runs.ts';
import { silentSurroundings } from '../../support/surroundings.ts';

const { schedules: defaults } = silentSurroundings(['app']).configuration;
const off = Object.fromEntries(Object.entries(defaults).map(([key, value]) => [key, typeof value === 'string' ? null : value]));

/** Tasks but these are switched off. */
function schedulesOf(changes: Partial<Schedules>): Schedules {
  return { ...(off as unknown as Schedules), timezone: 'UTC', ...changes };
}

function runsAt(now: string, changes: Partial<Schedules>, database = 'app'): readonly (readonly [string, number])[] {
  vi.setSystemTime(now);
  return nextRuns(database, schedulesOf(changes)).map(({ task, at }) => [task, Date.parse(at)]);
}

describe('the next runs', () => {
  afterEach(() => vi.useRealTimers());

  const daily = firingOffsetMs('app', 'retention', 86_400_000);
  const often = firingOffsetMs('app', 'provision', 600_000);

  it('come soonest first, without tasks that are switched off, each with the offset of its database', () => {
    expect(runsAt('2025-03-10T12:03:00Z', { retention: '0 3 * * *', provision: '*/10 * * * *' })).toEqual([
      ['provision', Math.floor(Date.parse('2025-03-10T12:10:00Z') + often)],
      ['retention', Math.floor(Date.parse('2025-03-11T03:00:00Z') + daily)],
    ]);
    const [[, other] = ['', 0]] = runsAt('2025-03-10T12:03:00Z', { provision: '*/10 * * * *' }, 'other');
    expect(other).toBe(Math.floor(Date.parse('2025-03-10T12:10:00Z') + firingOffsetMs('other', 'provision', 600_000)));
    expect(other).not.toBe(Math.floor(Date.parse('2025-03-10T12:10:00Z') + often));
  });

  it('are those that have fired and wait for their offset, then those of the next firing', () => {
    const fired = Date.parse('2025-03-10T12:10:00Z');
    const before = new Date(fired + often - 1).toISOString();
    const after = new Date(fired + often + 1).toISOString();
    expect(often).toBeGreaterThan(1);
    expect(runsAt(before, { provision: '*/10 * * * *' })).toEqual([['provision', Math.floor(fired + often)]]);
    expect(runsAt(after, { provision: '*/10 * * * *' })).toEqual([['provision', Math.floor(fired + 600_000 + often)]]);
  });

  it('follow the zone of the schedules, and a clock that is put back', () => {
    const inBerlin = { retention: '0 3 * * *', timezone: 'Europe/Berlin' };
    expect(runsAt('2025-07-10T12:00:00Z', inBerlin)).toEqual([['retention', Math.floor(Date.parse('2025-07-11T01:00:00Z') + daily)]]);
    expect(runsAt('2025-07-01T12:00:00Z', inBerlin)).toEqual([['retention', Math.floor(Date.parse('2025-07-02T01:00:00Z') + daily)]]);
  });
});
