import { describe, expect, it } from 'vitest';
import { parseInterval, parseSpan } from '../../../src/partition/interval.ts';
import type { Partition } from '../../../src/partition/partition.ts';
import { adviseTable, type MeasuredSize, type TableReading } from '../../../src/plan/advice/advise-table.ts';
import type { TableAdvice } from '../../../src/plan/advice/table-advice.ts';
import { codecOf, instant, keep, type Model, type ModelSettings, modelOf, partition, rangePartition } from '../../support/model.ts';

const MiB = 1024 ** 2;
const now = instant('2025-03-10T12:00:00Z');

function read(model: Model, changes: Partial<TableReading> = {}): ReturnType<typeof adviseTable> {
  return adviseTable({
    policy: model.policy,
    table: model.table,
    now,
    sizes: new Map(),
    relations: { partitions: 3, leafIndexes: 3, parentIndexes: 1 },
    lockSettings: { version: 180_004, maxLocksPerTransaction: 64, maxConnections: 100, maxPreparedTransactions: 0 },
    ...changes,
  });
}

function advise(model: Model, changes: Partial<TableReading> = {}): TableAdvice {
  const advice = read(model, changes);
  if ('problem' in advice) throw new Error(advice.problem);
  return advice;
}

const timestamps = codecOf('timestamp with time zone');

/** Day `index` of 2025, 1 MiB and 100 rows by estimate. */
function dayOf(index: number, changes: Partial<Partition> = {}): Partition {
  const text = (at: number): string => new Date(Date.UTC(2025, 0, 1 + at)).toISOString().slice(0, 10);
  return rangePartition(timestamps, `d${index}`, text(index), text(index + 1), { estimatedBytes: MiB, estimatedRows: 100, ...changes });
}

function daily(count: number, change: (index: number) => Partial<Partition> = () => ({}), settings: ModelSettings = {}): Model {
  const partitions = Array.from({ length: count }, (_, index) => dayOf(index, change(index)));
  return modelOf({ partitions, ...settings, policy: { interval: parseInterval('1 day'), targetPartitionBytes: MiB, ...settings.policy } });
}

/** Thousands of keys, the newest being 19,500; 1 MiB each. */
function integers(settings: ModelSettings = {}): Model {
  const codec = codecOf('bigint');
  const partitions = Array.from({ length: 20 }, (_, index) =>
    rangePartition(codec, `n${index}`, String(index * 1000), String(index * 1000 + 1000), { estimatedBytes: MiB, estimatedRows: 1000 }),
  );
  return modelOf({
    type: 'bigint',
    partitions,
    table: { newest: { position: 19_500n, beyondHorizon: null } },
    ...settings,
    policy: { interval: parseInterval(1000), targetPartitionBytes: MiB, ...settings.policy },
  });
}

describe('advice about a table', () => {
  it('has medians of the closed partitions that hold something', () => {
    // Days 0 to 67 are over at noon of the 10th of March.
    const model = daily(80, (index) => ({
      estimatedBytes: index < 10 ? 0 : index === 20 ? 5 * MiB : MiB,
      estimatedRows: index < 40 ? -1 : index,
      isDetachPending: index === 30,
    }));
    const advice = advise(model);
    expect(advice).toMatchObject({ axis: 'time', closedPartitions: 57, bytesPerInterval: MiB, rowsPerInterval: 53.5, skew: 5 });
    expect(advice.locks.needed).toBe(8);
  });

  it('takes what was measured before what was estimated, and rows before indexes for holding something', () => {
    const sizes = new Map<string, MeasuredSize>([
      ['oid of d0', { heap: 0, total: 16_384 }],
      ['oid of d1', { heap: MiB, total: 2 * MiB }],
    ]);
    const advice = advise(daily(4), { sizes });
    expect(advice).toMatchObject({ closedPartitions: 3, bytesPerInterval: MiB, skew: 2 });
  });

  it('counts no pages of empty partitions as growth, nor rows that are elsewhere', () => {
    // Days 0 to 67 are over; the first 30 were made ahead of the first row.
    const model = daily(80, (index) => ({ estimatedBytes: 0, kind: index === 50 ? 'foreign' : 'table' }));
    const sizes = new Map(
      model.table.partitions.map(({ oid }, index): [string, MeasuredSize] => {
        const heap = index < 30 || index > 67 || index === 50 ? 0 : MiB;
        return [oid, { heap, total: heap + 16_384 }];
      }),
    );
    const advice = advise(model, { sizes });
    expect(advice).toMatchObject({ closedPartitions: 37, bytesPerInterval: MiB + 16_384 });
    expect(advice.growth?.bytesPerDay).toBeCloseTo(MiB + 16_384);
    const stopped = new Map([...sizes].map(([oid, size], index) => [oid, index > 35 ? { heap: 0, total: 16_384 } : size]));
    expect(advise(model, { sizes: stopped })).toMatchObject({ closedPartitions: 6, growth: { bytesPerDay: 0 } });
  });

  it('knows nothing without closed partitions, and no trend of two', () => {
    const empty = { closedPartitions: 0, bytesPerInterval: null, rowsPerInterval: null, growth: null, skew: null, interval: null };
    expect(advise(modelOf())).toMatchObject(empty);
    expect(advise(daily(2), {})).toMatchObject({ closedPartitions: 2, bytesPerInterval: MiB, growth: null, interval: null });
    expect(advise(daily(3)).growth).not.toBeNull();
  });

  it('has pace and forecast, with the default partition and less what retention takes, but for what is held', () => {
    const standard = partition('rest', { kind: 'default' }, { estimatedBytes: 7 * MiB });
    const partitions = [...daily(69).table.partitions, standard];
    const policy = { interval: parseInterval('1 day') };
    const free = advise(modelOf({ partitions, policy }));
    expect(free.growth).toMatchObject({ season: null, trendPerDay: 0 });
    expect(free.growth?.bytesPerDay).toBeCloseTo(MiB);
    for (const { days, bytes } of free.growth?.forecast ?? []) expect(bytes / MiB).toBeCloseTo(69 + 7 + days);
    const cut = modelOf({ partitions, policy: { ...policy, retention: keep('60 days') } });
    // Sixty whole days, half of the newest, and all of the day at whose noon retention is.
    expect((advise(cut).growth?.forecast.at(-1)?.bytes ?? 0) / MiB).toBeCloseTo(60 + 0.5 + 7);
    const held = modelOf({
      partitions,
      policy: { ...policy, retention: keep('60 days') },
      table: { holds: [{ range: null, reason: 'legal' }] },
    });
    expect((advise(held).growth?.forecast.at(-1)?.bytes ?? 0) / MiB).toBeCloseTo(69 + 60 + 0.5 + 7);
  });

  it('says how the pace changes, and with which season', () => {
    const rising = advise(daily(68, (index) => ({ estimatedBytes: (1 + index) * MiB })));
    expect(rising.growth?.trendPerDay).toBeCloseTo(MiB);
    expect(rising.growth?.bytesPerDay).toBeCloseTo(69 * MiB, -5);
    const weekly = advise(daily(68, (index) => ({ estimatedBytes: (index % 7 < 5 ? 10 : 3) * MiB })));
    expect(weekly.growth?.season).toBe('week');
  });

  it('proposes another interval, by the pace and the policy', () => {
    const policy = { targetPartitionBytes: 64 * MiB };
    expect(advise(daily(68, undefined, { policy })).interval?.interval).toEqual(parseInterval('1 month'));
    expect(advise(daily(68, undefined, { policy: { ...policy, retention: keep('40 days') } })).interval?.interval).toEqual(
      parseInterval('1 week'),
    );
    expect(advise(daily(68)).interval).toBeNull();
  });

  it('has no growth where the closed partitions have no two ends', () => {
    const wide = rangePartition(timestamps, 'past', 'MINVALUE', '2025-01-01', { estimatedBytes: MiB });
    const model = modelOf({ partitions: [wide, dayOf(0), dayOf(1)], policy: { interval: parseInterval('1 day') } });
    expect(advise(model)).toMatchObject({ closedPartitions: 3, growth: null, interval: null });
    const enough = modelOf({
      partitions: [wide, ...Array.from({ length: 60 }, (_, index) => dayOf(index))],
      policy: { interval: parseInterval('1 day') },
    });
    expect(advise(enough).interval?.interval).toEqual(parseInterval('1 year'));
  });

  it('has no forecast for integer keys, but sizes and an interval', () => {
    const policy = { targetPartitionBytes: 64 * MiB };
    expect(advise(integers())).toMatchObject({
      axis: 'integer',
      closedPartitions: 19,
      bytesPerInterval: MiB,
      growth: null,
      interval: null,
    });
    expect(advise(integers({ policy })).interval?.interval).toEqual(parseInterval(64_000));
    const kept = { ...policy, retention: { ...keep('1 day'), keep: parseSpan(16_000) } };
    expect(advise(integers({ policy: kept })).interval).toBeNull();
    const longer = { ...policy, retention: { ...keep('1 day'), keep: parseSpan(80_000) } };
    expect(advise(integers({ policy: longer })).interval?.interval).toEqual(parseInterval(16_000));
  });

  it('has no interval for integer keys whose closed partitions have no two ends', () => {
    const codec = codecOf('bigint');
    const past = rangePartition(codec, 'past', 'MINVALUE', '1000', { estimatedBytes: MiB });
    const only = integers({ partitions: [past] });
    expect(advise(only)).toMatchObject({ closedPartitions: 1, interval: null });
    const sizes = new Map<string, MeasuredSize>();
    expect(advise({ ...only, table: { ...only.table, partitions: [past, past, past] } }, { sizes }).interval).toBeNull();
  });

  it('is the problem where policy and key do not fit', () => {
    expect(read(integers({ policy: { interval: parseInterval('1 day') } }))).toMatchObject({
      problem: expect.stringContaining('the interval 1 day is calendar time'),
    });
  });
});
