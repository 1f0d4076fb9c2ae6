import { describe, expect, it } from 'vitest';
import { partitionBudget, sharePartitions } from '../../../src/telemetry/partition-budget.ts';

const limits = { partitions: 'all', topPerTable: 20, maxSeries: 50_000 } as const;

describe('the budget of series by partition', () => {
  it('is 2,000 partitions a process, divided among its databases', () => {
    expect(partitionBudget(limits, 1)).toBe(2_000);
    expect(partitionBudget(limits, 3)).toBe(666);
  });

  it('is what maxSeries leaves where that is less', () => {
    expect(partitionBudget({ ...limits, maxSeries: 101 }, 1)).toBe(50);
    expect(partitionBudget({ ...limits, maxSeries: 1 }, 1)).toBe(0);
  });
});

describe('the share of each table', () => {
  it('is what it wants while all fit', () => {
    expect(sharePartitions([5, 1, 4], 10)).toEqual([5, 1, 4]);
    expect(sharePartitions([], 10)).toEqual([]);
  });

  it('is cut equally for the large ones alone', () => {
    expect(sharePartitions([100, 3, 50, 0], 23)).toEqual([10, 3, 10, 0]);
  });

  it('is nothing when there are more tables than partitions to show', () => {
    expect(sharePartitions([1, 1, 1], 2)).toEqual([0, 0, 0]);
  });

  it('keeps 1,000 tables of 100 partitions within 2,000', () => {
    const shares = sharePartitions(
      Array.from({ length: 1_000 }, () => 20),
      2_000,
    );
    expect(new Set(shares)).toEqual(new Set([2]));
  });
});
