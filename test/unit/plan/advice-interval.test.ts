import { describe, expect, it } from 'vitest';
import { formatInterval, parseInterval, parseSpan } from '../../../src/partition/interval.ts';
import { type Arrival, adviseInterval } from '../../../src/plan/advice/interval-advice.ts';
import { codecOf, keep, policyOf } from '../../support/model.ts';

const day = 86_400;
const GiB = 1024 ** 3;
const timestamps = codecOf('timestamp with time zone');

interface Case {
  readonly interval: string | number;
  /** GiB a day, or a thousand keys. */
  readonly pace: number;
  readonly keep?: string;
  readonly type?: string;
  readonly covered?: number;
}

/** The target is 32 GiB; a year is covered. */
function advise({ interval, pace, keep: span, type = 'timestamp with time zone', covered = 365 }: Case): ReturnType<typeof adviseInterval> {
  const unit = type === 'bigint' || type === 'smallint' ? 1000 : day;
  const retention = span === undefined ? null : keep(span);
  const policy = policyOf({ interval: parseInterval(interval), retention });
  const kept = span === undefined ? null : Number.parseInt(span, 10);
  const arrival: Arrival = { pace: (pace * GiB) / unit, covered: covered * unit, kept: kept === null ? null : kept * unit };
  return adviseInterval(policy, type === 'timestamp with time zone' ? timestamps : codecOf(type), arrival);
}

function chosen(settings: Case): string | null {
  const advice = advise(settings);
  return advice === null ? null : formatInterval(advice.interval);
}

describe('the interval of a time key', () => {
  it.each([
    ['stays while a partition is at most twice the target', '1 week', 64 / 7, null],
    ['is narrower above twice the target: the widest that stays within it', '1 week', 65 / 7, '1 day'],
    ['is narrower by more than one size', '1 year', 4, '1 week'],
    ['is the narrowest there is where none is narrow enough', '1 day', 2000, '1 hour'],
    ['stays where there is none that is narrower', '1 hour', 24 * 2000, null],
    ['stays where a wider one would fill a quarter of the target', '1 day', 8.01 / 7, null],
    ['is the widest within the target where a wider one stays under a quarter of it', '1 day', 8 / 7, '1 week'],
    ['is wider by more than one size', '1 day', 0.3, '1 quarter'],
    ['stays where nothing arrives', '1 day', 0, null],
    ['is looked for beside odd ones too', '15 minutes', 0.3, '1 quarter'],
  ])('%s', (_, interval, pace, expected) => {
    expect(chosen({ interval, pace })).toBe(expected);
  });

  it('stays where no more than a dozen partitions would be saved', () => {
    expect(chosen({ interval: '1 month', pace: 0.02 })).toBeNull();
    expect(chosen({ interval: '1 month', pace: 0.02, covered: 3650 })).toBe('1 year');
    expect(chosen({ interval: '1 week', pace: 0.01, keep: '70 days' })).toBeNull();
  });

  it('gets no wider than a quarter of what retention keeps', () => {
    expect(chosen({ interval: '1 day', pace: 0.01, keep: '365 days' })).toBe('1 month');
    expect(chosen({ interval: '1 day', pace: 0.01, keep: '366 days' })).toBe('1 quarter');
    expect(chosen({ interval: '1 day', pace: 0.01, keep: '27 days' })).toBeNull();
  });

  it('is no part of a day for dates', () => {
    expect(chosen({ interval: '1 day', pace: 100, type: 'date' })).toBeNull();
    expect(chosen({ interval: '1 week', pace: 100, type: 'date' })).toBe('1 day');
  });

  it('comes with a reason in numbers', () => {
    expect(advise({ interval: '1 week', pace: 12 })).toEqual({
      interval: parseInterval('1 day'),
      bytes: 12 * GiB,
      reason: 'At the present pace a partition of 1 week grows to 84 GB, more than twice the target of 32 GB; one of 1 day to 12 GB.',
    });
    expect(advise({ interval: '1 day', pace: 2000 })?.reason).toContain('one of 1 hour to 83 GB, the nearest there is.');
    expect(advise({ interval: '1 day', pace: 0.5 })?.reason).toBe(
      'At the present pace a partition of 1 day grows to 512 MB, far below the target of 32 GB; one of 1 month to 15 GB, with some 353 partitions fewer of what there is.',
    );
    expect(advise({ interval: '1 day', pace: 0.5, keep: '300 days' })?.reason).toContain(
      '290 partitions fewer within a retention of 300 days.',
    );
  });
});

describe('the interval of an integer key', () => {
  it.each([
    ['stays while it fits', 1000, 32, null],
    ['is divided by what leaves a whole number', 1000, 65, '250'],
    ['is multiplied by powers of two or ten', 1000, 0.5, '64000'],
    ['is multiplied by ten where that is the widest', 1000, 3.1, '10000'],
    ['is as wide as a million times', 1, 0.000_001, '1000000'],
  ])('%s', (_, interval, pace, expected) => {
    expect(chosen({ interval, pace, type: 'bigint', covered: 10_000_000 })).toBe(expected);
  });

  it('is one that the type can hold', () => {
    expect(chosen({ interval: 100, pace: 0.001, type: 'smallint', covered: 32 })).toBe('25600');
  });

  it('gets no wider than a quarter of what retention keeps', () => {
    const policy = policyOf({ interval: parseInterval(1000), retention: { ...keep('1 day'), keep: parseSpan(80_000) } });
    const advice = adviseInterval(policy, codecOf('bigint'), { pace: 1, covered: 1e9, kept: 80_000 });
    expect(advice?.interval).toEqual(parseInterval(16_000));
    expect(advice?.reason).toContain('within a retention of 80000.');
  });
});
