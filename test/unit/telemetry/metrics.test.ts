import { describe, expect, it } from 'vitest';
import { renderMetricsPage } from '../../../scripts/docs-metrics.ts';
import { LockTimeoutError, StatementError } from '../../../src/errors.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { PartitionedTable } from '../../../src/partition/partition.ts';
import type { TablePolicy } from '../../../src/partition/policy.ts';
import type { Finding } from '../../../src/plan/finding.ts';
import type { ReconcileEvent, TableReport } from '../../../src/reconcile/event.ts';
import { metricCatalogue, metricPrefix } from '../../../src/telemetry/metric-catalogue.ts';
import { labelNames } from '../../../src/telemetry/metric-declaration.ts';
import { createMetrics, type Metrics } from '../../../src/telemetry/metrics.ts';
import { contextAt, instant, keep, type ModelSettings, modelOf, named, partition, planModel } from '../../support/model.ts';

const nowSeconds = 1_741_608_000;
const readAt = instant('2025-03-10T12:00:00Z');

function newMetrics(partitions: 'none' | 'top' | 'all' = 'none', maxSeries = 50_000): Metrics {
  const limits = { partitions, topPerTable: 2, maxSeries };
  return createMetrics({ version: '1.2.3', revision: 'abc', databases: ['app'], limits, nowSeconds: () => nowSeconds });
}

/** Metrics of a leader of `app` whose only table is `t`. */
function leading(policy: TablePolicy, partitions: 'none' | 'top' | 'all' = 'none', maxSeries = 50_000): Metrics {
  const metrics = newMetrics(partitions, maxSeries);
  const task = { intervalSeconds: 600, lastRunSeconds: 100, lastSuccessSeconds: 50 };
  metrics.acquired(
    {
      name: 'app',
      tables: [policy],
      tasks: [
        { task: 'provision', ...task },
        { task: 'collect', ...task },
      ],
    },
    7n,
  );
  return metrics;
}

type EventBody = ReconcileEvent extends infer E ? (E extends unknown ? Omit<E, 'runId' | 'database'> : never) : never;

function event(body: EventBody): ReconcileEvent {
  return { runId: 'r', database: 'app', ...body };
}

function snapshot(policy: TablePolicy, table: PartitionedTable, findings: readonly Finding[] = []): ReconcileEvent {
  const facts = { now: readAt, localNow: readAt - 250_000n, version: 180_004, isInRecovery: false, role: 'r' };
  const plan = { table: policy.table, steps: [], findings, refused: [] };
  return event({ kind: 'snapshot-read', facts, tables: [{ policy, state: { kind: 'partitioned', table }, plan }], durationMs: 1 });
}

/** Samples by `name{label="value",...}` without the prefix, in the order of the exposition. */
async function scrape(metrics: Metrics): Promise<ReadonlyMap<string, number>> {
  const lines = (await metrics.render()).split('\n').filter((line) => line.startsWith(metricPrefix));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(metricPrefix.length, end), Number(line.slice(end + 1).replace('Inf', 'Infinity'))];
    }),
  );
}

/** Value of a gauge of table `t` after one snapshot of it. */
async function tableGauges(settings: ModelSettings): Promise<(name: string, labels?: string) => number | undefined> {
  const { policy, table } = modelOf(settings);
  const metrics = leading(policy);
  metrics.observeCollection(snapshot(policy, table));
  const samples = await scrape(metrics);
  return (name, labels = '') => samples.get(`${name}{database="app",schema="public",table="t"${labels}}`);
}

describe('the metric catalogue', () => {
  it('uses base units, _total for counters alone, and help of one sentence', () => {
    for (const [name, declaration] of metricCatalogue) {
      expect(name, 'a name').toMatch(/^[a-z][a-z0-9_]*$/);
      expect(name.endsWith('_total'), `${name} is a counter when it ends in _total`).toBe(declaration.type === 'counter');
      expect(declaration.help, `help of ${name}`).toMatch(/^[A-Za-z0-9`][^\n]*\.$/);
      expect(name).not.toMatch(/_(ms|millis|minutes|kb|mb|percent)(_|$)/);
      for (const label of labelNames(declaration))
        expect(['job', 'instance', 'namespace', 'pod', 'container', 'le', 'quantile']).not.toContain(label);
    }
  });

  it('is complete on the generated page', () => {
    const page = renderMetricsPage();
    for (const [name, { help }] of metricCatalogue) {
      expect(page).toContain(`| \`${metricPrefix}${name}\` | `);
      expect(page).toContain(help);
    }
  });

  it('is what a scrape shows, with types and nothing beside it', async () => {
    const { policy } = modelOf();
    const text = await leading(policy).render();
    const shown = [...text.matchAll(/^# TYPE partitiond_(\w+ \w+)$/gm)].map((match) => match[1]);
    const declared = [...metricCatalogue].map(([name, { type }]) => `${name} ${type}`);
    expect(new Set(shown)).toEqual(new Set(declared));
    expect(shown).toHaveLength(declared.length);
    expect(text).toContain('process_cpu_seconds_total');
  });
});

describe('a process that does not lead', () => {
  it('exports process families with every known label set, and nothing of tables or tasks', async () => {
    const samples = [...(await scrape(newMetrics())).keys()];
    expect(samples).toContain('leader{database="app"}');
    expect(samples).toContain('build_info{version="1.2.3",revision="abc",node_version="' + process.version + '"}');
    for (const reason of ['acquired', 'released', 'lost', 'fenced']) {
      expect(samples).toContain(`leader_transitions_total{database="app",reason="${reason}"}`);
    }
    expect(samples.filter((sample) => /^(task|table|steps|partition)_/.test(sample))).toEqual([]);
  });

  it('does nothing when told of work on a database that it does not lead', async () => {
    const metrics = newMetrics();
    const { policy, table } = modelOf();
    metrics.taskStarted('app', 'provision');
    metrics.taskFinished('app', 'provision', 'ok', 5);
    metrics.observeRun(snapshot(policy, table), 'provision');
    expect([...(await scrape(metrics)).keys()].filter((sample) => /^(task|table)_/.test(sample))).toEqual([]);
  });
});

describe('gaining and losing leadership', () => {
  it('has every known label set of a counter from the first scrape, at 0', async () => {
    const { policy } = modelOf({ policy: { retention: keep('3 months', { action: 'drop' }), defaultPartition: 'managed' } });
    const samples = await scrape(leading(policy));
    for (const outcome of ['ok', 'failed', 'skipped', 'aborted']) {
      expect(samples.get(`task_runs_total{database="app",task="provision",outcome="${outcome}"}`)).toBe(0);
    }
    for (const step of ['create-partition', 'create-default', 'finalize-detach', 'detach-partition', 'drop-table']) {
      for (const outcome of ['ok', 'failed', 'refused', 'skipped']) {
        expect(samples.get(`steps_total{database="app",schema="public",table="t",step="${step}",outcome="${outcome}"}`)).toBe(0);
      }
      expect(samples.get(`lock_wait_seconds_count{database="app",step="${step}"}`)).toBe(0);
      expect(samples.get(`retries_total{database="app",step="${step}",reason="lock-timeout"}`)).toBe(0);
    }
    for (const phase of ['lock', 'read', 'plan', 'apply', 'verify']) {
      expect(samples.get(`table_errors_total{database="app",schema="public",table="t",phase="${phase}"}`)).toBe(0);
    }
  });

  it('leaves out steps that the policy cannot lead to', async () => {
    const samples = [...(await scrape(leading(modelOf().policy))).keys()];
    expect(samples.filter((sample) => /detach-partition|drop-table|create-default/.test(sample))).toEqual([]);
  });

  it('starts with what the journal remembers', async () => {
    const samples = await scrape(leading(modelOf().policy));
    expect(samples.get('task_last_run_timestamp_seconds{database="app",task="provision"}')).toBe(100);
    expect(samples.get('task_last_success_timestamp_seconds{database="app",task="provision"}')).toBe(50);
    expect(samples.get('leader_epoch{database="app"}')).toBe(7);
  });

  it('drops all leader families of that database and keeps the epoch', async () => {
    const { policy, table } = modelOf({ ranges: [['2025-03-01', '2025-04-01']] });
    const metrics = leading(policy, 'all');
    metrics.observeRun(snapshot(policy, table), 'provision');
    metrics.lost('app', 'lost');
    const samples = await scrape(metrics);
    expect(
      [...samples.keys()].filter((sample) => /^(task|table|steps|partition|lock|retries|collector|catalog|clock|paused)/.test(sample)),
    ).toEqual([]);
    expect(samples.get('leader{database="app"}')).toBe(0);
    expect(samples.get('leader_epoch{database="app"}')).toBe(7);
    expect(samples.get('leader_transitions_total{database="app",reason="lost"}')).toBe(1);
  });

  it('counts from 0 in a new term', async () => {
    const { policy } = modelOf();
    const metrics = leading(policy);
    metrics.taskFinished('app', 'provision', 'ok', 5);
    metrics.lost('app', 'released');
    metrics.acquired(
      { name: 'app', tables: [policy], tasks: [{ task: 'provision', intervalSeconds: 1, lastRunSeconds: 1, lastSuccessSeconds: 1 }] },
      8n,
    );
    expect((await scrape(metrics)).get('task_runs_total{database="app",task="provision",outcome="ok"}')).toBe(0);
  });
});

describe('tasks', () => {
  it('count runs by outcome and remember when the last one and the last good one ended', async () => {
    const metrics = leading(modelOf().policy);
    metrics.taskStarted('app', 'provision');
    expect((await scrape(metrics)).get('task_in_progress{database="app",task="provision"}')).toBe(1);
    metrics.taskFinished('app', 'provision', 'failed', 1_500);
    metrics.taskSkipped('app', 'provision');
    const samples = await scrape(metrics);
    const of = (name: string, more = ''): number | undefined => samples.get(`${name}{database="app",task="provision"${more}}`);
    expect(of('task_in_progress')).toBe(0);
    expect(of('task_runs_total', ',outcome="failed"')).toBe(1);
    expect(of('task_runs_total', ',outcome="skipped"')).toBe(1);
    expect(of('task_last_run_timestamp_seconds')).toBe(nowSeconds);
    expect(of('task_last_success_timestamp_seconds')).toBe(50);
    expect(of('task_last_duration_seconds')).toBe(1.5);
    expect(of('task_duration_seconds_sum')).toBe(1.5);
    expect(of('task_interval_seconds')).toBe(600);
  });
});

describe('gauges of a table', () => {
  const ranges = [
    ['2025-01-01', '2025-02-01'],
    ['2025-02-01', '2025-03-01'],
    ['2025-03-01', '2025-04-01'],
    ['2025-04-01', '2025-05-01'],
    ['2025-06-01', '2025-07-01'],
  ] as const;

  it('show the runway of a time key: target, end of coverage, gaps, what is ahead', async () => {
    const gauge = await tableGauges({ ranges, policy: { premake: 4 } });
    expect(gauge('table_premake_partitions')).toBe(4);
    expect(gauge('table_future_partitions')).toBe(2);
    expect(gauge('table_coverage_gaps')).toBe(1);
    expect(gauge('table_coverage_end_timestamp_seconds')).toBe(Date.UTC(2025, 4, 1) / 1000);
    expect(gauge('table_interval_seconds')).toBe(31 * 86_400);
    expect(gauge('table_runway_target_seconds')).toBe(4 * 31 * 86_400);
    expect(gauge('table_headroom_intervals')).toBeUndefined();
  });

  it('let the coverage of an uncovered now end at the snapshot', async () => {
    const gauge = await tableGauges({ ranges: [['2025-01-01', '2025-02-01']] });
    expect(gauge('table_coverage_end_timestamp_seconds')).toBe(nowSeconds);
  });

  it('give endless coverage as +Inf', async () => {
    const gauge = await tableGauges({ ranges: [['2025-03-01', 'MAXVALUE']] });
    expect(gauge('table_coverage_end_timestamp_seconds')).toBe(Number.POSITIVE_INFINITY);
  });

  it('show retention: how long, what is past it, the oldest end', async () => {
    const gauge = await tableGauges({ ranges, policy: { retention: keep('1 month') } });
    expect(gauge('table_retention_seconds')).toBe(28 * 86_400);
    expect(gauge('table_expired_partitions')).toBe(1);
    expect(gauge('table_held_partitions')).toBe(0);
    expect(gauge('table_oldest_partition_end_timestamp_seconds')).toBe(Date.UTC(2025, 1, 1) / 1000);
  });

  it('leave out retention where there is none', async () => {
    expect((await tableGauges({ ranges }))('table_retention_seconds')).toBeUndefined();
  });

  it('count intervals rather than seconds for an integer key', async () => {
    const gauge = await tableGauges({
      type: 'bigint',
      policy: { interval: parseInterval(100) },
      ranges: [
        ['0', '100'],
        ['100', '200'],
        ['200', '300'],
      ],
      table: { newest: { position: 50n, beyondHorizon: null } },
    });
    expect(gauge('table_headroom_intervals')).toBe(2);
    expect(gauge('table_future_partitions')).toBe(2);
    for (const name of ['table_interval_seconds', 'table_runway_target_seconds', 'table_coverage_end_timestamp_seconds']) {
      expect(gauge(name)).toBeUndefined();
    }
  });

  it('count partitions by state, each of which is always there', async () => {
    const none = await tableGauges({});
    for (const state of ['attached', 'detach-pending', 'detached', 'foreign'])
      expect(none('table_partitions', `,state="${state}"`)).toBe(0);
    const oid = { oid: '9', range: { from: 0n, to: 1n }, detachedAt: 0n, dropAfter: null };
    const some = await tableGauges({
      ranges,
      partitions: [
        partition('t_default', { kind: 'default' }),
        partition('f', { kind: 'unreadable', reason: 'x' }, { kind: 'foreign' }),
        partition('leaving', { kind: 'range', from: 0n, to: 1n }, { isDetachPending: true }),
      ],
      table: {
        detached: [
          { ...oid, name: named('gone'), state: 'present' },
          { ...oid, name: named('dropped'), state: 'absent' },
        ],
      },
    });
    expect(some('table_partitions', ',state="attached"')).toBe(6);
    expect(some('table_partitions', ',state="detach-pending"')).toBe(1);
    expect(some('table_partitions', ',state="foreign"')).toBe(1);
    expect(some('table_partitions', ',state="detached"')).toBe(1);
  });

  it('show rows of the default partition, exact or at least the estimate, and nothing where there is none', async () => {
    expect((await tableGauges({ ranges }))('table_default_partition_rows')).toBeUndefined();
    const partitions = [partition('t_default', { kind: 'default' }, { estimatedRows: 50_000 })];
    expect((await tableGauges({ partitions, defaultKeys: [1n, 2n, 3n] }))('table_default_partition_rows')).toBe(3);
    const many = { count: 10_001, isExact: false, min: 0n, max: 1n };
    expect((await tableGauges({ partitions, table: { defaultRows: many } }))('table_default_partition_rows')).toBe(50_000);
  });

  it('count findings by kind', async () => {
    const model = modelOf({ ranges });
    const metrics = leading(model.policy);
    metrics.observeCollection(snapshot(model.policy, model.table, planModel(model, contextAt()).findings));
    const one = [...(await scrape(metrics))].filter(([name]) => name.startsWith('table_findings'));
    expect(planModel(model, contextAt()).findings.length).toBe(one.reduce((sum, [, value]) => sum + value, 0));
  });

  it('vanish with the table, the finding or the default partition that they were about', async () => {
    const { policy, table } = modelOf({ ranges, partitions: [partition('t_default', { kind: 'default' })] });
    const metrics = leading(policy, 'all');
    const finding: Finding = { kind: 'gap', severity: 'warning', message: 'A hole.', partition: null };
    metrics.observeCollection(snapshot(policy, table, [finding]));
    const before = [...(await scrape(metrics)).keys()].join('\n');
    expect(before).toContain('finding="gap"');
    expect(before).toContain('partition="p1"');
    const shrunk = modelOf({ ranges: ranges.slice(1) });
    metrics.observeCollection(
      snapshot(policy, { ...shrunk.table, partitions: shrunk.table.partitions.map((one, i) => ({ ...one, name: named(`q${i}`) })) }),
    );
    const after = [...(await scrape(metrics)).keys()].join('\n');
    expect(after).not.toContain('finding="gap"');
    expect(after).not.toContain('partition="p1"');
    expect(after).toContain('partition="q0"');
    expect(after).not.toContain('table_default_partition_rows');
  });

  it('stay as they were for a table that this snapshot could not read', async () => {
    const { policy, table } = modelOf({ ranges });
    const metrics = leading(policy);
    metrics.observeCollection(snapshot(policy, table));
    const facts = { now: readAt, localNow: readAt, version: 180_004, isInRecovery: false, role: 'r' };
    metrics.observeCollection(event({ kind: 'snapshot-read', facts, tables: [], durationMs: 1 }));
    expect((await scrape(metrics)).get('table_coverage_gaps{database="app",schema="public",table="t"}')).toBe(1);
  });
});

describe('sizes', () => {
  const partitions = [
    partition('small', { kind: 'unreadable', reason: '' }, { estimatedRows: 10, estimatedBytes: 100 }),
    partition('large', { kind: 'unreadable', reason: '' }, { estimatedRows: 1000, estimatedBytes: 9000 }),
    partition('unknown', { kind: 'unreadable', reason: '' }, { estimatedRows: -1, estimatedBytes: 0 }),
    partition('t_default', { kind: 'default' }, { estimatedRows: 0, estimatedBytes: 1 }),
  ];

  it('are summed over the tree by component, with dead rows and what was never analysed', async () => {
    const { policy, table } = modelOf({ partitions });
    const metrics = leading(policy);
    metrics.observeCollection(snapshot(policy, table));
    const one = { heapBytes: 10, indexBytes: 20, toastBytes: 30, deadRows: 4 };
    metrics.statisticsCollected('app', [
      {
        table: policy.table,
        partitions: new Map([
          ['oid of small', one],
          ['oid of large', one],
        ]),
      },
    ]);
    const samples = await scrape(metrics);
    const of = (name: string, more = ''): number | undefined => samples.get(`${name}{database="app",schema="public",table="t"${more}}`);
    expect([
      of('table_size_bytes', ',component="heap"'),
      of('table_size_bytes', ',component="index"'),
      of('table_size_bytes', ',component="toast"'),
    ]).toEqual([20, 40, 60]);
    expect(of('table_dead_rows')).toBe(8);
    expect(of('table_rows')).toBe(1010);
    expect(of('table_unanalyzed_partitions')).toBe(1);
  });

  it('keep the last value of a partition that was locked away this time, and forget one that is gone', async () => {
    const { policy, table } = modelOf({ partitions });
    const metrics = leading(policy);
    metrics.observeCollection(snapshot(policy, table));
    const one = { heapBytes: 10, indexBytes: 0, toastBytes: 0, deadRows: 0 };
    metrics.statisticsCollected('app', [
      {
        table: policy.table,
        partitions: new Map([
          ['oid of small', one],
          ['gone', one],
        ]),
      },
    ]);
    metrics.statisticsCollected('app', [{ table: policy.table, partitions: new Map([['oid of large', one]]) }]);
    const heap = 'table_size_bytes{database="app",schema="public",table="t",component="heap"}';
    expect((await scrape(metrics)).get(heap)).toBe(20);
  });

  it('are exported for a bounded set whose sum is still the table', async () => {
    const { policy, table } = modelOf({ partitions });
    const metrics = leading(policy, 'top');
    metrics.observeCollection(snapshot(policy, table));
    const sizes = [...(await scrape(metrics))].filter(([name]) => name.startsWith('partition_size_bytes'));
    expect(sizes.map(([name]) => /partition="(\w+)"/.exec(name)?.[1])).toEqual(['t_default', 'large', '_other']);
    expect(sizes.reduce((sum, [, value]) => sum + value, 0)).toBe(9101);
  });

  it('are cut by maxSeries, which is counted, and the sum is still the table', async () => {
    const { policy, table } = modelOf({ partitions });
    const metrics = leading(policy, 'all', 3);
    expect((await scrape(metrics)).get('metrics_dropped_series_total')).toBe(0);
    metrics.observeCollection(snapshot(policy, table));
    const samples = await scrape(metrics);
    const sizes = [...samples].filter(([name]) => name.startsWith('partition_size_bytes'));
    expect(sizes.map(([name]) => /partition="(\w+)"/.exec(name)?.[1])).toEqual(['t_default', '_other']);
    expect(sizes.reduce((sum, [, value]) => sum + value, 0)).toBe(9101);
    expect(samples.get('metrics_dropped_series_total')).toBe(2 * (partitions.length - 1));
  });

  it('always include the current partition and the next one', async () => {
    const model = modelOf({
      ranges: [
        ['2025-03-01', '2025-04-01'],
        ['2025-04-01', '2025-05-01'],
      ],
      partitions: partitions.slice(0, 3),
    });
    const metrics = leading(model.policy, 'top');
    metrics.observeCollection(snapshot(model.policy, model.table));
    const names = [...(await scrape(metrics)).keys()].filter((name) => name.startsWith('partition_rows'));
    expect(new Set(names.map((name) => /partition="(\w+)"/.exec(name)?.[1]))).toEqual(new Set(['_other', 'p1', 'p2']));
  });

  it('are not exported by partition when that is switched off', async () => {
    const { policy, table } = modelOf({ partitions });
    const metrics = leading(policy, 'none');
    metrics.observeCollection(snapshot(policy, table));
    expect([...(await scrape(metrics)).keys()].filter((name) => name.startsWith('partition_'))).toEqual([]);
  });
});

describe('steps and failures of a table', () => {
  const model = modelOf();
  const [step] = planModel(model, contextAt()).steps;
  if (step === undefined) throw new Error('the model plans no step');
  const { policy, table } = model;
  const base = { step, error: null, durationMs: 5, lockWaitMs: 250, lockTimeouts: 0 } as const;

  async function after(
    report: Partial<TableReport>,
    failedPhase: 'read' | 'apply' | 'verify' | null = null,
  ): Promise<(name: string, labels: string) => number | undefined> {
    const metrics = leading(policy);
    metrics.observeRun(snapshot(policy, table), 'provision');
    const error = report.error ?? new StatementError('PD501', 'No.', '42501');
    if (failedPhase !== null)
      metrics.observeRun(event({ kind: 'table-failed', table: policy.table, phase: failedPhase, error }), 'provision');
    const full: TableReport = { table: policy.table, state: { kind: 'partitioned', table }, plan: null, steps: [], error: null, ...report };
    metrics.observeRun(event({ kind: 'table-finished', table: policy.table, after: table, report: full }), 'provision');
    const samples = await scrape(metrics);
    return (name, labels) => samples.get(`${name}{database="app",schema="public",table="t"${labels}}`);
  }

  it('are counted by kind and outcome', async () => {
    const value = await after({
      steps: [
        { ...base, outcome: 'ok' },
        { ...base, outcome: 'refused' },
      ],
    });
    expect(value('steps_total', ',step="create-partition",outcome="ok"')).toBe(1);
    expect(value('steps_total', ',step="create-partition",outcome="refused"')).toBe(1);
    expect(value('table_last_success_timestamp_seconds', ',task="provision"')).toBe(nowSeconds);
  });

  it('are an error of the phase that failed', async () => {
    const error = new StatementError('PD501', 'No.', '42501');
    const value = await after({ error }, 'verify');
    expect(value('table_errors_total', ',phase="verify"')).toBe(1);
    expect(value('table_last_success_timestamp_seconds', ',task="provision"')).toBe(50);
    expect((await after({ error }))('table_errors_total', ',phase="read"')).toBe(1);
    expect((await after({ steps: [{ ...base, outcome: 'failed', error }] }))('table_errors_total', ',phase="apply"')).toBe(1);
  });

  it('are a spent lock budget when the locks never came', async () => {
    const error = new LockTimeoutError('PD401', 'Gave up.', []);
    const value = await after({ steps: [{ ...base, outcome: 'failed', error }] });
    expect(value('table_errors_total', ',phase="lock"')).toBe(1);
    expect(value('table_lock_budget_exhausted_total', '')).toBe(1);
  });

  it('show how long locks were waited for, attempt by attempt', async () => {
    const metrics = leading(policy);
    metrics.observeRun(event({ kind: 'lock-timeout', table: policy.table, step, attempt: 1 }), 'provision');
    metrics.observeRun(event({ kind: 'step-finished', table: policy.table, report: { ...base, outcome: 'ok' }, sql: [] }), 'provision');
    const samples = await scrape(metrics);
    expect(samples.get('table_lock_timeouts_total{database="app",schema="public",table="t"}')).toBe(1);
    expect(samples.get('retries_total{database="app",step="create-partition",reason="lock-timeout"}')).toBe(1);
    expect(samples.get('lock_wait_seconds_sum{database="app",step="create-partition"}')).toBe(0.25);
    expect(samples.get('lock_wait_seconds_bucket{le="0.25",database="app",step="create-partition"}')).toBe(1);
    expect(samples.get('lock_wait_seconds_bucket{le="0.1",database="app",step="create-partition"}')).toBe(0);
  });

  it('are not counted for a collection, which only looks', async () => {
    const metrics = leading(policy);
    const report: TableReport = { table: policy.table, state: null, plan: null, steps: [{ ...base, outcome: 'refused' }], error: null };
    metrics.observeCollection(event({ kind: 'table-finished', table: policy.table, after: null, report }));
    const sum = [...(await scrape(metrics))]
      .filter(([name]) => name.startsWith('steps_total'))
      .reduce((total, [, value]) => total + value, 0);
    expect(sum).toBe(0);
  });

  it('tell the skew of the clocks and the age of the snapshot', async () => {
    const metrics = leading(policy);
    metrics.observeRun(snapshot(policy, table), 'provision');
    const samples = await scrape(metrics);
    expect(samples.get('clock_skew_seconds{database="app"}')).toBe(0.25);
    expect(samples.get('catalog_snapshot_timestamp_seconds{database="app"}')).toBe(nowSeconds);
  });
});
