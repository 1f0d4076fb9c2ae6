import { afterEach, describe, expect, it, vi } from 'vitest';
import { longestGapSeconds, shortestGapSeconds, startSchedule } from '../../../src/service/tasks/schedule.ts';
import { createLogger, silentLogger } from '../../../src/telemetry/logger.ts';
import { waitFor } from '../../support/wait-for.ts';

describe('the longest gap between two firings', () => {
  it.each([
    ['* * * * *', 60],
    ['*/10 * * * *', 600],
    ['7 * * * *', 3600],
    ['*/30 * * * * *', 30],
    ['0,50 * * * *', 3000],
    ['*/10 8-18 * * *', 13.1667 * 3600],
    ['0 3 * * *', 86_400],
    ['0 9 * * 1-5', 3 * 86_400],
  ])('of %s is %d seconds', (expression, seconds) => {
    expect(longestGapSeconds({ expression, timezone: 'UTC' })).toBeCloseTo(seconds, -1);
  });

  it('of a schedule rarer than a month is that to its second firing', () => {
    expect(longestGapSeconds({ expression: '0 0 1 1 *', timezone: 'UTC' })).toBeGreaterThanOrEqual(365 * 86_400);
  });
});

describe('what is remembered of the gaps', () => {
  afterEach(() => vi.useRealTimers());

  it('is found anew on another day, as they change with the months and the clocks', () => {
    const monthly = { expression: '0 0 1 * *', timezone: 'UTC' };
    vi.setSystemTime('2025-01-15T00:00:00Z');
    expect(longestGapSeconds(monthly)).toBe(28 * 86_400);
    vi.setSystemTime('2025-02-15T00:00:00Z');
    expect(longestGapSeconds(monthly)).toBe(31 * 86_400);
  });
});

describe('the shortest gap between two firings', () => {
  it.each([
    ['*/10 * * * *', 600],
    ['0,50 * * * *', 600],
    ['*/10 8-18 * * *', 600],
  ])('of %s is %d seconds', (expression, seconds) => {
    expect(shortestGapSeconds({ expression, timezone: 'UTC' })).toBe(seconds);
  });
});

describe('a schedule', () => {
  const everySecond = { expression: '* * * * * *', timezone: 'UTC' };

  it('reports a firing while the last one is at work as an overlap instead of starting another', async () => {
    let [started, overlapped] = [0, 0];
    let finish = (): void => undefined;
    const work = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const fire = async (): Promise<void> => {
      started += 1;
      await work;
    };
    const lines: string[] = [];
    const logger = createLogger({ level: 'debug', format: 'json' }, { write: (line) => lines.push(line) });
    const schedule = startSchedule('test', everySecond, { fire, overlap: () => (overlapped += 1), missed: () => undefined }, logger);
    try {
      await waitFor(
        'an overlap',
        () => overlapped,
        (count) => count > 0,
      );
      expect(started).toBe(1);
      // Who is told of it says so, with database and task.
      expect(lines.join('')).not.toContain('overlap');
      finish();
      await waitFor(
        'a second start',
        () => started,
        (count) => count > 1,
      );
    } finally {
      await schedule.stop();
    }
  });

  it('tells of firings that a busy process has missed', async () => {
    let [fired, missed] = [0, 0];
    const fire = async (): Promise<void> => {
      fired += 1;
    };
    const schedule = startSchedule('test', everySecond, { fire, overlap: () => undefined, missed: () => (missed += 1) }, silentLogger);
    try {
      await waitFor(
        'a firing',
        () => fired,
        (count) => count > 0,
      );
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_500);
      await waitFor(
        'a missed firing',
        () => missed,
        (count) => count > 0,
      );
    } finally {
      await schedule.stop();
    }
  });
});
