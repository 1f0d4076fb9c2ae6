import { describe, expect, it } from 'vitest';
import { managedAdviceText } from '../../../src/cli/output/managed-advice-text.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { TableAdvice } from '../../../src/plan/advice/table-advice.ts';

const GiB = 1024 ** 3;
const table = { schema: 'public', name: 'events' };

const advice: TableAdvice = {
  axis: 'time',
  closedPartitions: 12,
  bytesPerInterval: 20 * GiB,
  rowsPerInterval: 1_234_567,
  skew: 1.26,
  growth: {
    bytesPerDay: 12 * GiB,
    trendPerDay: -(GiB / 4),
    season: 'week',
    forecast: [
      { days: 7, bytes: 100 * GiB },
      { days: 30, bytes: 200 * GiB },
      { days: 90, bytes: 300 * GiB },
    ],
  },
  interval: { interval: parseInterval('1 day'), bytes: GiB, reason: 'Because of the numbers.' },
  locks: { needed: 4321, available: 6400, fastPath: 8192, problem: null },
};

function text(changes: Partial<TableAdvice> = {}): readonly string[] {
  return managedAdviceText({ table, advice: { ...advice, ...changes }, error: null });
}

describe('advice on a managed table, for people', () => {
  it('has sizes, growth, forecast, another interval and locks', () => {
    expect(text()).toEqual([
      'public.events',
      '  A partition takes 20 GB, some 1,234,567 rows (median of 12 closed ones); the largest takes 1.3 times that.',
      '  Growth: 12 GB a day, less by 256 MB each day, up and down with the days of the week.',
      '  Size, less what retention takes: 100 GB in 7 days, 200 GB in 30 days, 300 GB in 90 days.',
      '  Better interval: 1 day. Because of the numbers.',
      '  Locks: a statement that prunes nothing takes 4,321 of 6,400.',
    ]);
  });

  it('leaves out what there is none of', () => {
    const growth = { bytesPerDay: GiB, trendPerDay: 0, season: null, forecast: [] };
    expect(text({ growth, interval: null, rowsPerInterval: null, closedPartitions: 1, skew: null })[1]).toBe(
      '  A partition takes 20 GB, rows not known, never analysed (median of 1 closed one).',
    );
    expect(text({ growth })[2]).toBe('  Growth: 1024 MB a day.');
    expect(text({ growth: { ...growth, trendPerDay: GiB, season: 'year' } })[2]).toBe(
      '  Growth: 1024 MB a day, more by 1024 MB each day, up and down with the months of the year.',
    );
  });

  it('says why there is no forecast', () => {
    const nothing = { bytesPerInterval: null, rowsPerInterval: null, skew: null, growth: null, interval: null };
    expect(text({ ...nothing, closedPartitions: 2 }).slice(0, 2)).toEqual([
      'public.events',
      '  Growth: too few closed partitions with rows (2 of 3) to see a trend.',
    ]);
    expect(text({ growth: null, axis: 'integer' })[2]).toBe('  Growth: no forecast; an integer key does not say when its rows came.');
    expect(text({ growth: null })[2]).toBe('  Growth: not known; fewer than 3 of the closed partitions have a beginning and an end.');
  });

  it('says without a complaint what a session takes alone', () => {
    expect(text({ locks: { needed: 17, available: 6400, fastPath: 16, problem: null } }).at(-1)).toBe(
      '  Locks: a statement that prunes nothing takes 17 of 6,400; a session takes 16 without contending with others (the fast path).',
    );
    expect(text({ locks: { needed: 16, available: 6400, fastPath: 16, problem: null } }).at(-1)).not.toContain('fast path');
  });

  it('says what is wrong, without speaking to the terminal', () => {
    expect(text({ locks: { needed: 9, available: 8, fastPath: 16, problem: 'Too many.' } }).at(-1)).toBe('  Locks: Too many.');
    const error = 'no \u001b[31mtable';
    expect(managedAdviceText({ table: { schema: 'public', name: 'a\nb' }, advice: null, error })).toEqual([
      'public."a\\nb"',
      '  could not be looked at: no \\u001b[31mtable',
    ]);
  });
});
