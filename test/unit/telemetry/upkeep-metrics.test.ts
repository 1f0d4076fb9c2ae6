import { describe, expect, it } from 'vitest';
import type { StepReport } from '../../../src/apply/step-report.ts';
import type { PartitionedTable } from '../../../src/partition/partition.ts';
import type { UpkeepFacts } from '../../../src/partition/upkeep.ts';
import type { Finding, FindingKind } from '../../../src/plan/finding.ts';
import type { Step } from '../../../src/plan/step.ts';
import type { Metrics } from '../../../src/telemetry/metrics.ts';
import { modelOf, named } from '../../support/model.ts';
import { event, leading, led, newMetrics, nowSeconds, scrape, snapshot } from './support.ts';

const { policy, table } = modelOf({ ranges: [['2025-03-01', '2025-04-01']] });
const facts: UpkeepFacts = {
  parentAnalyzedAt: null,
  mayMaintain: true,
  mayCreateIndexes: true,
  freezeMaxAge: 200_000_000,
  multixactFreezeMaxAge: 400_000_000,
  relations: [],
  isWhole: false,
  indexes: [],
  takenIndexNames: new Set(),
  marks: { frozen: new Map(), indexes: [] },
};
const vacuum = { kind: 'vacuum', task: 'maintenance', partition: named('p1') } as Step;
const ofTable = `database="app",schema="${policy.table.schema}",table="${policy.table.name}"`;
const progressOf = `table_step_progress_ratio{${ofTable},partition="p1",step="vacuum"}`;

function started(metrics: Metrics, step = vacuum): void {
  metrics.observeRun(event({ kind: 'step-started', table: policy.table, step, index: 0, total: 1 }), 'maintenance');
}

function progress(metrics: Metrics, done: number, total: number): void {
  metrics.observeRun(
    event({ kind: 'step-progress', table: policy.table, step: vacuum, phase: 'scanning heap', done, total }),
    'maintenance',
  );
}

function skipped(yieldedTo?: 'window'): StepReport {
  const report: StepReport = { step: vacuum, outcome: 'skipped', error: null, durationMs: 0, lockWaitMs: 0, lockTimeouts: 0 };
  return yieldedTo === undefined ? report : { ...report, yieldedTo };
}

function ended(metrics: Metrics): void {
  const report = { runId: 'r', database: 'app', facts: null, pause: null, tables: [], unreached: [] };
  metrics.observeRun(event({ kind: 'run-finished', report, durationMs: 1, outcome: 'ok' }), 'maintenance');
}

describe('a long step', () => {
  it('shows how far it is, from its beginning to its end', async () => {
    const metrics = leading(policy);
    const shown = async (): Promise<number | undefined> => (await scrape(metrics)).get(progressOf);
    expect(await shown()).toBeUndefined();
    started(metrics);
    expect(await shown()).toBe(0);
    progress(metrics, 50, 200);
    expect(await shown()).toBe(0.25);
    progress(metrics, 300, 200);
    expect(await shown()).toBe(1);
    progress(metrics, 7, 0);
    expect(await shown()).toBe(0);
    metrics.observeRun(event({ kind: 'step-finished', table: policy.table, report: skipped(), sql: [] }), 'maintenance');
    expect(await shown()).toBeUndefined();
  });

  it('leaves no series behind when its run ends without its last word', async () => {
    const metrics = leading(policy);
    started(metrics);
    ended(metrics);
    expect((await scrape(metrics)).has(progressOf)).toBe(false);
  });

  it('is not one that makes a partition', async () => {
    const metrics = leading(policy);
    started(metrics, { kind: 'create-partition', task: 'provision', partition: named('p1') } as Step);
    expect([...(await scrape(metrics)).keys()].filter((name) => name.startsWith('table_step_progress'))).toEqual([]);
  });
});

describe('maintenance that is held', () => {
  it('says why, until it goes on or its run ends', async () => {
    const metrics = leading(policy);
    const hold = (reason: 'replication-lag' | 'lock-waiters' | null): void =>
      metrics.observeRun(event({ kind: 'upkeep-held', reason, explanation: '' }), 'maintenance');
    const reasons = async (): Promise<readonly (number | undefined)[]> => {
      const samples = await scrape(metrics);
      return ['replication-lag', 'lock-waiters'].map((reason) => samples.get(`maintenance_held{database="app",reason="${reason}"}`));
    };
    expect(await reasons()).toEqual([0, 0]);
    hold('replication-lag');
    expect(await reasons()).toEqual([1, 0]);
    hold('lock-waiters');
    expect(await reasons()).toEqual([0, 1]);
    hold(null);
    expect(await reasons()).toEqual([0, 0]);
    hold('lock-waiters');
    ended(metrics);
    expect(await reasons()).toEqual([0, 0]);
  });
});

describe('sessions behind upkeep', () => {
  it('count as blocked for as long as they are, and a minute longer', async () => {
    let seconds = nowSeconds;
    const metrics = newMetrics({}, { nowSeconds: () => seconds });
    metrics.acquired(led([policy]), 7n);
    const blocked = (count: number): void => metrics.observeRun(event({ kind: 'sessions-blocked', count }), 'maintenance');
    const shown = async (): Promise<number | undefined> => (await scrape(metrics)).get('blocked_sessions{database="app"}');
    blocked(3);
    seconds += 300;
    expect(await shown()).toBe(3);
    blocked(0);
    seconds += 59;
    expect(await shown()).toBe(3);
    seconds += 2;
    expect(await shown()).toBe(0);
  });
});

describe('a step that gave way', () => {
  it('counts as skipped, and leaves the run a success for its table', async () => {
    const metrics = newMetrics();
    const times = { intervalSeconds: 900, lastRunSeconds: 100, lastSuccessSeconds: 50 };
    metrics.acquired(led([{ ...policy, maintenance: {} as never }], { tasks: [{ task: 'maintenance', ...times }] }), 7n);
    const success = `table_last_success_timestamp_seconds{${ofTable},task="maintenance"}`;
    const skips = `steps_total{${ofTable},step="vacuum",outcome="skipped"}`;
    const finish = (report: StepReport): void => {
      const body = { table: policy.table, state: null, plan: null, steps: [report], error: null };
      metrics.observeRun(event({ kind: 'table-finished', table: policy.table, after: null, report: body }), 'maintenance');
    };
    expect((await scrape(metrics)).get(skips)).toBe(0);
    finish(skipped());
    expect((await scrape(metrics)).get(success)).toBe(10);
    finish(skipped('window'));
    const samples = await scrape(metrics);
    expect(samples.get(success)).toBe(nowSeconds);
    expect(samples.get(skips)).toBe(2);
  });

  it('is known beforehand by the kinds of steps that the policy can lead to', async () => {
    const kinds = async (changes: object): Promise<readonly string[]> => {
      const names = [...(await scrape(leading({ ...policy, ...changes }))).keys()].filter((name) =>
        name.startsWith('lock_wait_seconds_sum'),
      );
      return names.map((name) => /step="([^"]*)"/.exec(name)?.[1] ?? '');
    };
    const upkeep = ['vacuum', 'analyze', 'reindex', 'create-index', 'attach-index', 'drop-index'];
    const known = async (changes: object): Promise<readonly string[]> => (await kinds(changes)).filter((kind) => upkeep.includes(kind));
    expect(await known({})).toEqual([]);
    expect(await known({ maintenance: {} })).toEqual(['vacuum', 'analyze', 'reindex', 'drop-index']);
    expect(await known({ indexes: [{}] })).toEqual(['reindex', 'create-index', 'attach-index', 'drop-index']);
    expect(await known({ dropRemovedIndexes: true })).toEqual(['drop-index']);
  });
});

describe('findings that only upkeep sees', () => {
  const finding = (kind: FindingKind, partition: string | null = null): Finding => ({
    kind,
    severity: 'warning',
    message: `${kind}.`,
    partition: partition === null ? null : named(partition),
  });
  const upkept: PartitionedTable = { ...table, upkeep: facts };

  async function found(metrics: Metrics): Promise<Readonly<Record<string, number>>> {
    const names = [...(await scrape(metrics))].filter(([name]) => name.startsWith('table_findings'));
    return Object.fromEntries(names.map(([name, count]) => [/finding="([^"]*)"/.exec(name)?.[1] ?? '', count]));
  }

  it('stay when a run or a collection that cannot see them tells its own', async () => {
    const metrics = leading(policy);
    metrics.observeRun(snapshot(policy, { ...table }, [finding('gap')]), 'provision');
    const all = [finding('gap'), finding('never-analysed'), finding('invalid-index', 'i'), finding('name-taken', 'i')];
    metrics.observeRun(snapshot(policy, { ...upkept }, all), 'maintenance');
    const everything = { gap: 1, 'never-analysed': 1, 'invalid-index': 1, 'name-taken': 1 };
    expect(await found(metrics)).toEqual(everything);
    metrics.observeCollection(snapshot(policy, { ...table }, [finding('gap')]));
    expect(await found(metrics)).toEqual(everything);
    metrics.observeRun(snapshot(policy, { ...table }, [finding('overlap')]), 'provision');
    expect(await found(metrics)).toEqual({ overlap: 1, 'never-analysed': 1, 'invalid-index': 1, 'name-taken': 1 });
  });

  it('go when a run that can see them does not, and what others see is not kept for them', async () => {
    const metrics = leading(policy);
    metrics.observeRun(snapshot(policy, { ...table }, [finding('name-taken', 'p')]), 'provision');
    metrics.observeRun(snapshot(policy, { ...upkept }, [finding('name-taken', 'p'), finding('never-analysed')]), 'maintenance');
    metrics.observeRun(snapshot(policy, { ...table }, []), 'provision');
    expect(await found(metrics)).toEqual({ 'never-analysed': 1 });
    metrics.observeRun(snapshot(policy, { ...upkept }, []), 'maintenance');
    expect(await found(metrics)).toEqual({});
  });

  it('of the table itself are told apart by what they say', async () => {
    const metrics = leading(policy);
    const [ordinary, upkeeps] = [finding('missing-privilege'), { ...finding('missing-privilege'), message: 'May not vacuum.' }];
    metrics.observeRun(snapshot(policy, { ...table }, [ordinary]), 'provision');
    metrics.observeRun(snapshot(policy, { ...upkept }, [ordinary, upkeeps]), 'maintenance');
    expect(await found(metrics)).toEqual({ 'missing-privilege': 2 });
    metrics.observeRun(snapshot(policy, { ...table }, []), 'provision');
    expect(await found(metrics)).toEqual({ 'missing-privilege': 1 });
    metrics.observeRun(snapshot(policy, { ...upkept }, []), 'maintenance');
    expect(await found(metrics)).toEqual({});
  });

  it('count once where both see them', async () => {
    const metrics = leading(policy);
    metrics.observeRun(snapshot(policy, { ...upkept }, [finding('missing-privilege')]), 'maintenance');
    metrics.observeRun(snapshot(policy, { ...table }, [finding('missing-privilege')]), 'provision');
    expect(await found(metrics)).toEqual({ 'missing-privilege': 1 });
  });
});
