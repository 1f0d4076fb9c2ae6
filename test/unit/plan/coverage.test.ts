import { describe, expect, it } from 'vitest';
import { parseInterval } from '../../../src/partition/interval.ts';
import { MAXVALUE } from '../../../src/partition/position.ts';
import { type Coverage, tableCoverage } from '../../../src/plan/coverage.ts';
import { codecOf, instant, keep, type ModelSettings, modelOf, partition, rangePartition } from '../../support/model.ts';

const timestamptz = codecOf('timestamp with time zone');
const bigint = codecOf('bigint');
const march = ['2025-03-01', '2025-04-01'] as const;
const april = ['2025-04-01', '2025-05-01'] as const;
const may = ['2025-05-01', '2025-06-01'] as const;

function coverage(settings: ModelSettings, now = '2025-03-10T12:00:00Z'): Coverage {
  const { policy, table } = modelOf(settings);
  const found = tableCoverage(policy, table, instant(now));
  if (found === null) throw new Error('the policy does not fit');
  return found;
}

function names(partitions: readonly { readonly name: { readonly name: string } }[]): readonly string[] {
  return partitions.map(({ name }) => name.name);
}

describe('how far a table is covered', () => {
  it('reaches to the end of the last partition without a gap from now on', () => {
    const found = coverage({ ranges: [march, april, ['2025-06-01', '2025-07-01']] });
    expect(found.current?.name.name).toBe('p1');
    expect(found.end).toBe(instant('2025-05-01'));
    expect(found.headroom).toBe(1);
    expect(names(found.future)).toEqual(['p2', 'p3']);
    expect(found.gaps).toEqual([{ from: instant('2025-05-01'), to: instant('2025-06-01') }]);
  });

  it('has no end where no partition holds now', () => {
    const found = coverage({ ranges: [april, may] });
    expect(found).toMatchObject({ current: null, end: null, headroom: 0 });
    expect(names(found.future)).toEqual(['p1', 'p2']);
  });

  it('counts a partition that begins exactly now as the current one', () => {
    expect(coverage({ ranges: [march, april] }, '2025-04-01T00:00:00Z').current?.name.name).toBe('p2');
  });

  it('never ends before a partition to MAXVALUE', () => {
    expect(coverage({ ranges: [march, ['2025-04-01', 'MAXVALUE']] }).end).toBe(MAXVALUE);
  });

  it('is not covered by a default partition or by a pending detach', () => {
    const pending = rangePartition(timestamptz, 'leaving', ...march, { isDetachPending: true });
    const found = coverage({ partitions: [pending, partition('t_default', { kind: 'default' })] });
    expect(found).toMatchObject({ current: null, end: null, future: [], gaps: [] });
  });

  it('gives the interval of the policy that holds now, whatever partitions there are', () => {
    expect(coverage({ policy: { interval: parseInterval('1 quarter') }, ranges: [march] }).interval).toEqual({
      from: instant('2025-01-01'),
      to: instant('2025-04-01'),
    });
  });

  it('follows the newest key of an integer table rather than the clock', () => {
    const ranges = [
      ['0', '100'],
      ['100', '200'],
      ['200', '300'],
    ] as const;
    const settings = { type: 'bigint', ranges, policy: { interval: parseInterval(100) } };
    const found = coverage({ ...settings, table: { newest: { position: 150n, beyondHorizon: null } } });
    expect(found.current?.name.name).toBe('p2');
    expect(found).toMatchObject({ position: 150n, headroom: 1, end: 300n });
    expect(coverage(settings).position).toBe(0n);
  });

  it('has no answer for an interval that does not fit the key', () => {
    const { policy, table } = modelOf({ policy: { interval: parseInterval(100) } });
    expect(tableCoverage(policy, table, instant('2025-03-10'))).toBeNull();
  });
});

describe('what has left retention', () => {
  const ranges = [['2025-01-01', '2025-02-01'], ['2025-02-01', '2025-03-01'], march] as const;
  const policy = { retention: keep('9 days') };

  it('counts a partition that ends exactly at the cut-off', () => {
    expect(names(coverage({ ranges, policy }, '2025-03-10T00:00:00Z').expired)).toEqual(['p1', 'p2']);
    expect(names(coverage({ ranges, policy }, '2025-03-09T23:59:59Z').expired)).toEqual(['p1']);
    expect(coverage({ ranges, policy }, '2025-03-10T00:00:00Z').cutoff).toBe(instant('2025-03-01'));
  });

  it('has no cut-off for an integer key until a row tells where it is', () => {
    const settings = { type: 'bigint', ranges: [['0', '100']], policy: { interval: parseInterval(100), retention: keep('50') } } as const;
    expect(coverage(settings).cutoff).toBeNull();
    expect(coverage({ ...settings, table: { newest: { position: 70n, beyondHorizon: null } } }).cutoff).toBe(20n);
  });

  it('counts nothing without retention', () => {
    expect(coverage({ ranges })).toMatchObject({ expired: [], cutoff: null });
  });

  it('leaves out what a hold keeps, and counts that as held', () => {
    const holds = [{ range: { from: instant('2025-01-31'), to: instant('2025-02-01') }, reason: 'audit' }];
    const found = coverage({ ranges, policy, table: { holds } });
    expect(names(found.held)).toEqual(['p1']);
    expect(names(found.expired)).toEqual(['p2']);
    expect(found.oldestEnd).toBe(instant('2025-03-01'));
    const all = coverage({ ranges, policy, table: { holds: [{ range: null, reason: 'legal' }] } });
    expect(names(all.held)).toEqual(['p1', 'p2', 'p3']);
    expect(all).toMatchObject({ expired: [], oldestEnd: null });
  });

  it('knows the oldest upper bound, but never takes that of the last partition', () => {
    expect(coverage({ ranges }).oldestEnd).toBe(instant('2025-02-01'));
    expect(coverage({ ranges: [march] }).oldestEnd).toBeNull();
    expect(coverage({ ranges: [['2025-01-01', 'MAXVALUE'], march] }).oldestEnd).toBeNull();
    expect(
      coverage({
        type: 'bigint',
        policy: { interval: parseInterval(10) },
        partitions: [rangePartition(bigint, 'a', 'MINVALUE', '10'), rangePartition(bigint, 'b', '10', '20')],
      }).oldestEnd,
    ).toBe(10n);
  });
});
