import { describe, expect, it } from 'vitest';
import type { ProbeSummary } from '../../../src/journal/probe-records.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { ProbePolicy } from '../../../src/partition/policy.ts';
import type { TableStatus } from '../../../src/reconcile/status.ts';
import { tableStatus } from '../../../src/reconcile/table-status.ts';
import { instant, keep, type ModelSettings, modelOf, named } from '../../support/model.ts';

function statusOf(settings: ModelSettings, probes: readonly ProbeSummary[] = []): TableStatus {
  const { policy, table } = modelOf(settings);
  const state = { kind: 'partitioned', table } as const;
  return tableStatus(
    { policy, state, plan: null, error: null },
    { now: instant('2025-03-10T12:00:00Z'), work: new Map(), probes, migrations: new Map() },
  );
}

const months = [
  ['2025-01-01', '2025-02-01'],
  ['2025-03-01', '2025-04-01'],
] as const;

describe('where a table stands on the axis of its key', () => {
  it('is now, the cut-off of retention and the gaps, as bounds are displayed', () => {
    expect(statusOf({ ranges: months, policy: { retention: keep('1 month') } })).toMatchObject({
      axis: 'time',
      position: '2025-03-10T12:00:00Z',
      retentionCutoff: '2025-02-10T12:00:00Z',
      gaps: [{ from: '2025-02-01T00:00:00Z', to: '2025-03-01T00:00:00Z' }],
    });
    expect(statusOf({ type: 'date', ranges: months })).toMatchObject({ position: '2025-03-10', retentionCutoff: null });
  });

  it('is now rather than a day on which the table is to begin', () => {
    const policy = { startFrom: instant('2025-06-01') };
    expect(statusOf({ policy }).position).toBe('2025-03-10T12:00:00Z');
  });

  it('is the newest key of an integer one, and unknown before there is a row', () => {
    const settings = { type: 'bigint', ranges: [['0', '100']], policy: { interval: parseInterval(100), retention: keep('50') } } as const;
    expect(statusOf(settings)).toMatchObject({ axis: 'integer', position: null, retentionCutoff: null, gaps: [] });
    const newest = { position: 70n, beyondHorizon: null };
    expect(statusOf({ ...settings, table: { newest } })).toMatchObject({ position: '70', retentionCutoff: '20' });
  });
});

describe('the partitions of a table', () => {
  it('have their own bounds, beside a neighbour, after a gap and where there is none', () => {
    const ranges = [
      ['MINVALUE', '2025-01-01'],
      ['2025-01-01', '2025-02-01'],
      ['2025-03-01', 'MAXVALUE'],
    ] as const;
    expect(statusOf({ ranges }).partitions.map(({ from, to, isCurrent }) => [from, to, isCurrent])).toEqual([
      ['MINVALUE', '2025-01-01T00:00:00Z', false],
      ['2025-01-01T00:00:00Z', '2025-02-01T00:00:00Z', false],
      ['2025-03-01T00:00:00Z', 'MAXVALUE', true],
    ]);
  });
});

function record(probe: string, changes: Partial<ProbeSummary> = {}): ProbeSummary {
  return {
    table: named('t'),
    probe,
    ranAt: instant('2025-03-10T11:00:00Z'),
    outcome: 'met',
    scanned: 1,
    total: 4,
    allowed: 1,
    planningMs: 0.5,
    executionMs: null,
    problems: [],
    lastMissAt: null,
    ...changes,
  };
}

function probeNamed(name: string): ProbePolicy {
  const expectation = { partitions: 1, planningMs: null, executionMs: null };
  return { name, sql: 'SELECT 1', params: [], analyze: false, timeoutMs: 1_000, expect: expectation };
}

describe('the probes of a table', () => {
  it('come in the order of the policy, without those of other tables and those it no longer has', () => {
    const records = [
      record('a'),
      record('a', { table: named('other') }),
      record('a', { table: named('t', 'elsewhere') }),
      record('current-interval'),
      record('gone'),
      record('z'),
    ];
    const status = statusOf({ ranges: months, policy: { probes: [probeNamed('z'), probeNamed('new'), probeNamed('a')] } }, records);
    expect(status.probes.map((one) => one.probe)).toEqual(['z', 'a']);
  });

  it('are the automatic one where the policy has none', () => {
    const missed = record('current-interval', { outcome: 'missed', problems: ['Too many.'], lastMissAt: instant('2025-03-10T11:00:00Z') });
    expect(statusOf({ ranges: months }, [record('gone'), missed]).probes).toEqual([
      {
        probe: 'current-interval',
        ranAt: '2025-03-10T11:00:00Z',
        outcome: 'missed',
        scanned: 1,
        total: 4,
        allowed: 1,
        planningMs: 0.5,
        executionMs: null,
        problems: ['Too many.'],
        lastMissAt: '2025-03-10T11:00:00Z',
      },
    ]);
  });
});
