import { describe, expect, it } from 'vitest';
import type { ProbePolicy, TablePolicy } from '../../../src/partition/policy.ts';
import type { Metrics } from '../../../src/telemetry/metrics.ts';
import type { ProbeRun } from '../../../src/telemetry/probe-gauges.ts';
import { modelOf } from '../../support/model.ts';
import { leading, led, newMetrics, scrape } from './support.ts';

const { policy } = modelOf({ ranges: [['2025-03-01', '2025-04-01']] });
const ofTable = `database="app",schema="${policy.table.schema}",table="${policy.table.name}"`;
const daily: ProbePolicy = {
  name: 'daily',
  sql: 'SELECT 1',
  params: [],
  analyze: true,
  timeoutMs: 1_000,
  expect: { partitions: 2, planningMs: null, executionMs: 100 },
};
const probed: TablePolicy = { ...policy, probes: [daily, { ...daily, name: 'mon"thly' }] };

function run(changes: Partial<ProbeRun> = {}): ProbeRun {
  return {
    table: policy.table,
    probe: 'daily',
    ranAt: 1_741_608_000_500_000n,
    outcome: 'met',
    scanned: 1,
    total: 12,
    allowed: 2,
    planningMs: 250,
    executionMs: 1_500,
    problems: [],
    ...changes,
  };
}

async function probeSeries(metrics: Metrics): Promise<Readonly<Record<string, number>>> {
  const samples = [...(await scrape(metrics))].filter(([name]) => name.startsWith('probe_') && !name.startsWith('probe_runs_total'));
  return Object.fromEntries(samples);
}

async function runsOf(metrics: Metrics): Promise<Readonly<Record<string, number>>> {
  return Object.fromEntries([...(await scrape(metrics))].filter(([name]) => name.startsWith('probe_runs_total')));
}

const shown = {
  [`probe_success{${ofTable},probe="daily"}`]: 1,
  [`probe_partitions_scanned{${ofTable},probe="daily"}`]: 1,
  [`probe_partitions_allowed{${ofTable},probe="daily"}`]: 2,
  [`probe_last_run_timestamp_seconds{${ofTable},probe="daily"}`]: 1_741_608_000.5,
  [`probe_planning_seconds{${ofTable},probe="daily"}`]: 0.25,
  [`probe_execution_seconds{${ofTable},probe="daily"}`]: 1.5,
};

describe('gauges of probes', () => {
  it('are those of the last pass, in base units', async () => {
    const metrics = leading(probed);
    expect(await probeSeries(metrics)).toEqual({});
    metrics.probesRun('app', [run()]);
    expect(await probeSeries(metrics)).toEqual(shown);
  });

  it('begin with what the journal remembers, which counts as no run', async () => {
    const metrics = newMetrics();
    metrics.acquired(led([probed], { probes: [run()] }), 7n);
    expect(await probeSeries(metrics)).toEqual(shown);
    expect(Object.values(await runsOf(metrics))).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('are absent where there is no value: of a probe that failed only that, when it ran, and what it may', async () => {
    const metrics = leading(probed);
    metrics.probesRun('app', [run()]);
    metrics.probesRun('app', [run({ outcome: 'failed', scanned: null, total: null, planningMs: null, executionMs: null })]);
    expect(await probeSeries(metrics)).toEqual({
      [`probe_success{${ofTable},probe="daily"}`]: 0,
      [`probe_partitions_allowed{${ofTable},probe="daily"}`]: 2,
      [`probe_last_run_timestamp_seconds{${ofTable},probe="daily"}`]: 1_741_608_000.5,
    });
    metrics.probesRun('app', [run({ outcome: 'missed', allowed: null, executionMs: null, planningMs: 0, scanned: 0 })]);
    expect(await probeSeries(metrics)).toEqual({
      [`probe_success{${ofTable},probe="daily"}`]: 0,
      [`probe_partitions_scanned{${ofTable},probe="daily"}`]: 0,
      [`probe_last_run_timestamp_seconds{${ofTable},probe="daily"}`]: 1_741_608_000.5,
      [`probe_planning_seconds{${ofTable},probe="daily"}`]: 0,
    });
  });

  it('vanish with a probe that did not run any more, also one that only the journal knew', async () => {
    const metrics = newMetrics();
    metrics.acquired(led([probed], { probes: [run({ probe: 'mon"thly' })] }), 7n);
    expect(Object.keys(await probeSeries(metrics))).toContain(`probe_success{${ofTable},probe="mon\\"thly"}`);
    metrics.probesRun('app', [run()]);
    expect(await probeSeries(metrics)).toEqual(shown);
  });

  it('go with the leadership, and do not come back with it', async () => {
    const metrics = leading(probed);
    metrics.probesRun('app', [run()]);
    metrics.statementsAudited('app', []);
    metrics.lost('app', 'released');
    metrics.probesRun('app', [run()]);
    metrics.statementsAudited('app', []);
    expect([...(await scrape(metrics)).keys()].filter((name) => /^(probe_|table_unpruned)/.test(name))).toEqual([]);
    metrics.acquired(led([probed]), 8n);
    expect(await probeSeries(metrics)).toEqual({});
  });
});

describe('runs of probes', () => {
  it('are counted by outcome, each of which is there from the first scrape on', async () => {
    const metrics = leading(probed);
    const zeros = ['daily', 'mon\\"thly'].flatMap((probe) =>
      ['met', 'missed', 'failed'].map((outcome) => [`probe_runs_total{${ofTable},probe="${probe}",outcome="${outcome}"}`, 0]),
    );
    expect(await runsOf(metrics)).toEqual(Object.fromEntries(zeros));
    metrics.probesRun('app', [run(), run({ probe: 'mon"thly', outcome: 'failed' })]);
    metrics.probesRun('app', [run(), run({ probe: 'mon"thly', outcome: 'missed' })]);
    expect(await runsOf(metrics)).toMatchObject({
      [`probe_runs_total{${ofTable},probe="daily",outcome="met"}`]: 2,
      [`probe_runs_total{${ofTable},probe="mon\\"thly",outcome="missed"}`]: 1,
      [`probe_runs_total{${ofTable},probe="mon\\"thly",outcome="failed"}`]: 1,
      [`probe_runs_total{${ofTable},probe="mon\\"thly",outcome="met"}`]: 0,
    });
  });

  it('are those of the automatic probe where a table names none', async () => {
    expect(Object.keys(await runsOf(leading(policy)))).toEqual(
      ['met', 'missed', 'failed'].map((outcome) => `probe_runs_total{${ofTable},probe="current-interval",outcome="${outcome}"}`),
    );
  });
});

describe('statements that touch every partition', () => {
  const count = `table_unpruned_statements{${ofTable}}`;
  const ratio = `table_unpruned_statement_time_ratio{${ofTable}}`;
  const unpruned = async (metrics: Metrics): Promise<readonly (number | undefined)[]> => {
    const samples = await scrape(metrics);
    return [samples.get(count), samples.get(ratio)];
  };

  it('are unknown before the first audit, and again where there is nothing to look at', async () => {
    const metrics = leading(policy);
    expect(await unpruned(metrics)).toEqual([undefined, undefined]);
    metrics.statementsAudited('app', [{ table: policy.table, statements: 3, timeShare: 0.75 }]);
    expect(await unpruned(metrics)).toEqual([3, 0.75]);
    metrics.statementsAudited('app', null);
    expect(await unpruned(metrics)).toEqual([undefined, undefined]);
  });

  it('are none of a table that no statement reads, whose share of the time is not known then, and unknown of one that was not looked at', async () => {
    const metrics = leading(policy);
    metrics.statementsAudited('app', [{ table: policy.table, statements: 3, timeShare: 0.75 }]);
    metrics.statementsAudited('app', [{ table: policy.table, statements: 0, timeShare: null }]);
    expect(await unpruned(metrics)).toEqual([0, undefined]);
    metrics.statementsAudited('app', [{ table: { ...policy.table, schema: 'elsewhere' }, statements: 1, timeShare: 1 }]);
    expect(await unpruned(metrics)).toEqual([undefined, undefined]);
    expect([...(await scrape(metrics)).keys()].some((name) => name.includes('elsewhere'))).toBe(false);
  });
});
