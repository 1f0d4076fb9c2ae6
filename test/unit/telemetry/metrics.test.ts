import { describe, expect, it } from 'vitest';
import { listMetrics, renderMetricsPage } from '../../../scripts/docs-metrics.ts';
import { ConnectionError, LockTimeoutError, StatementError } from '../../../src/errors.ts';
import type { FindingKind } from '../../../src/plan/finding.ts';
import type { TableReport } from '../../../src/reconcile/event.ts';
import { metricCatalogue } from '../../../src/telemetry/metric-catalogue.ts';
import { findNamingFaults } from '../../support/metric-names.ts';
import { contextAt, keep, modelOf, named, planModel } from '../../support/model.ts';
import { event, leading, led, newMetrics, nowSeconds, patientMs, scrape, snapshot } from './support.ts';

const limits = { partitions: 'none', topPerTable: 20, maxSeries: 50_000 } as const;

describe('the metric catalogue', () => {
  it('is complete on the generated page and in the generated list', () => {
    const page = renderMetricsPage();
    expect(listMetrics()).toHaveLength(metricCatalogue.size);
    for (const { name, help } of listMetrics()) {
      expect(page).toContain(`| \`${name}\` | `);
      expect(page).toContain(help);
    }
  });

  it('keeps to the rules of names, labels and help', () => {
    expect(listMetrics().flatMap(findNamingFaults)).toEqual([]);
  });

  it.each([
    ['a counter without _total', { name: 'partitiond_runs' }],
    ['a gauge with _total', { name: 'partitiond_runs_total', type: 'gauge' }],
    ['a unit that is no base unit', { name: 'partitiond_wait_ms_total' }],
    ['a unit that is not at the end', { name: 'partitiond_seconds_waited_total' }],
    ['a suffix of histograms', { name: 'partitiond_runs_count', type: 'gauge' }],
    ['no prefix', { name: 'runs_total' }],
    ['the type in the name', { name: 'partitiond_run_gauge', type: 'gauge' }],
    ['a label that Prometheus sets', { labels: ['instance'] }],
    ['a label in camel case', { labels: ['theTask'] }],
    ['help without a full stop', { help: 'Runs' }],
    ['help that does not name the unit', { name: 'partitiond_wait_seconds', type: 'gauge', help: 'How long it took.' }],
  ] as const)('has checks that see %s', (_, fault) => {
    const metric = { name: 'partitiond_runs_total', type: 'counter', labels: ['task'], help: 'Runs of a task.', scope: 'process' } as const;
    expect(findNamingFaults(metric)).toEqual([]);
    expect(findNamingFaults({ ...metric, ...fault })).toHaveLength(1);
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
    for (const reason of ['standby', 'pooler', 'old-generation', 'journal-version', 'drained']) {
      expect(samples).toContain(`leadership_refused{database="app",reason="${reason}"}`);
    }
    for (const state of ['idle', 'active', 'waiting']) expect(samples).toContain(`pool_connections{database="app",state="${state}"}`);
    for (const outcome of ['ok', 'failed']) expect(samples).toContain(`config_reloads_total{outcome="${outcome}"}`);
    const classes = samples.filter((sample) => sample.startsWith('statement_errors_total{database="app",sqlstate_class='));
    expect(classes.length).toBeGreaterThan(40);
    expect(samples.filter((sample) => /^(task|table|steps|partition)_/.test(sample))).toEqual([]);
  });

  it('has no line about families without series', async () => {
    expect(await newMetrics().render(patientMs)).not.toMatch(/partitiond_(task|table|steps|partition)_/);
  });

  it('counts loads of the configuration, and remembers when the last good one was', async () => {
    const metrics = newMetrics();
    metrics.configurationLoaded(true);
    metrics.configurationLoaded(false);
    const samples = await scrape(metrics);
    expect(samples.get('config_reloads_total{outcome="ok"}')).toBe(1);
    expect(samples.get('config_reloads_total{outcome="failed"}')).toBe(1);
    expect(samples.get('config_last_reload_successful')).toBe(0);
    expect(samples.get('config_last_reload_success_timestamp_seconds')).toBe(nowSeconds);
  });

  it('shows why it must not lead, one reason at a time', async () => {
    const metrics = newMetrics();
    metrics.refused('app', 'pooler');
    metrics.refused('app', 'standby');
    const refused = [...(await scrape(metrics))].filter(([name, value]) => name.startsWith('leadership_refused') && value === 1);
    expect(refused.map(([name]) => name)).toEqual(['leadership_refused{database="app",reason="standby"}']);
    metrics.refused('app', null);
    expect((await scrape(metrics)).get('leadership_refused{database="app",reason="standby"}')).toBe(0);
  });

  it('shows its policy as a number of 48 bits, its generation, and when the lock was last confirmed', async () => {
    const metrics = newMetrics();
    metrics.configured([{ name: 'app', hash: 'ffffffffffff' }], limits);
    metrics.generation('app', 12n);
    const before = await scrape(metrics);
    expect(before.get('config_hash{database="app"}')).toBe(2 ** 48 - 1);
    expect(before.get('config_generation{database="app"}')).toBe(12);
    expect(before.get('leader_last_renewal_timestamp_seconds{database="app"}')).toBe(0);
    metrics.renewed('app');
    expect((await scrape(metrics)).get('leader_last_renewal_timestamp_seconds{database="app"}')).toBe(nowSeconds);
  });

  it('counts connections by state and failed statements by class', async () => {
    const metrics = newMetrics();
    const observer = metrics.sessionObserver('app');
    observer.moved(null, 'waiting');
    observer.moved('waiting', 'idle');
    observer.moved(null, 'waiting');
    observer.moved('idle', 'active');
    for (const sqlstate of ['42P01', '42501', 'PD301', 'ZZ001']) observer.failed(sqlstate);
    const samples = await scrape(metrics);
    const connections = (state: string): number | undefined => samples.get(`pool_connections{database="app",state="${state}"}`);
    expect([connections('waiting'), connections('idle'), connections('active')]).toEqual([1, 0, 1]);
    const errors = (name: string): number | undefined => samples.get(`statement_errors_total{database="app",sqlstate_class="${name}"}`);
    expect([errors('42'), errors('PD'), errors('other'), errors('55')]).toEqual([2, 1, 1, 0]);
  });

  it('says of the last connection attempt of any kind whether it succeeded, and of losing a connection nothing', async () => {
    const metrics = newMetrics();
    const observer = metrics.sessionObserver('app');
    const isUp = async (): Promise<number | undefined> => (await scrape(metrics)).get('database_up{database="app"}');
    observer.moved(null, 'waiting');
    expect(await isUp()).toBe(0);
    observer.moved('waiting', 'idle');
    expect(await isUp()).toBe(1);
    observer.moved('idle', null);
    expect(await isUp()).toBe(1);
    observer.moved(null, 'waiting');
    observer.moved('waiting', null);
    expect(await isUp()).toBe(0);
    observer.moved('waiting', 'active');
    expect(await isUp()).toBe(1);
    metrics.databaseDown('app');
    metrics.databaseUp('app', { version: 180_004, isInRecovery: true });
    const samples = await scrape(metrics);
    expect(samples.get('postgres_version_num{database="app"}')).toBe(180_004);
    expect(samples.get('postgres_in_recovery{database="app"}')).toBe(1);
    expect(samples.get('database_up{database="app"}')).toBe(0);
  });

  it('forgets a database that a reload has removed, whatever its connections still say, and begins one that is new', async () => {
    const { policy, table } = modelOf({ ranges: [['2025-03-01', '2025-04-01']] });
    const metrics = leading(policy, { partitions: 'all' });
    const observer = metrics.sessionObserver('app');
    observer.moved(null, 'idle');
    observer.moved(null, 'waiting');
    metrics.observeRun(snapshot(policy, table), 'provision');
    metrics.configured([{ name: 'other', hash: '00000000000a' }], limits);
    observer.moved('idle', null);
    observer.moved('waiting', null);
    observer.failed('42P01');
    metrics.renewed('app');
    metrics.taskFinished('app', 'provision', 'ok', 5);
    metrics.lost('app', 'released');
    metrics.databaseDown('app');
    const text = await metrics.render(patientMs);
    expect(text).not.toContain('database="app"');
    expect(text).toContain('partitiond_config_hash{database="other"} 10');
  });

  it('counts the connections of a database that came back from nothing', async () => {
    const metrics = newMetrics();
    const before = metrics.sessionObserver('app');
    before.moved(null, 'idle');
    metrics.configured([], limits);
    metrics.configured([{ name: 'app', hash: '00000000000a' }], limits);
    metrics.sessionObserver('app').moved(null, 'idle');
    before.moved('idle', null);
    expect((await scrape(metrics)).get('pool_connections{database="app",state="idle"}')).toBe(1);
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
      for (const reason of ['lock-timeout', 'deadlock', 'serialization', 'connection'])
        expect(samples.get(`retries_total{database="app",step="${step}",reason="${reason}"}`)).toBe(0);
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

  it('starts the steps and successes of each table with what the journal remembers of it, else with its installation', async () => {
    const { policy } = modelOf();
    const metrics = newMetrics();
    const other = { ...policy, table: named('other') };
    const history = {
      table: policy.table,
      steps: [
        { step: 'create-partition', outcome: 'ok', count: 41 },
        { step: 'drop-table', outcome: 'ok', count: 3 },
      ],
      lastSuccess: [{ task: 'provision', seconds: 77 }],
    };
    metrics.acquired(led([policy, other], { history: [history] }), 7n);
    const samples = await scrape(metrics);
    const of = (name: string, table: string, more: string): number | undefined =>
      samples.get(`${name}{database="app",schema="public",table="${table}",${more}}`);
    expect(of('steps_total', 't', 'step="create-partition",outcome="ok"')).toBe(41);
    expect(of('steps_total', 't', 'step="create-partition",outcome="failed"')).toBe(0);
    expect(of('steps_total', 't', 'step="drop-table",outcome="ok"')).toBeUndefined();
    expect(of('table_last_success_timestamp_seconds', 't', 'task="provision"')).toBe(77);
    expect(of('steps_total', 'other', 'step="create-partition",outcome="ok"')).toBe(0);
    expect(of('table_last_success_timestamp_seconds', 'other', 'task="provision"')).toBe(10);
  });

  it('counts refusals from 0 in every term, as the journal knows only some of them', async () => {
    const { policy } = modelOf();
    const metrics = newMetrics();
    const history = { table: policy.table, steps: [{ step: 'create-partition', outcome: 'refused', count: 5 }], lastSuccess: [] };
    metrics.acquired(led([policy], { history: [history] }), 7n);
    const name = 'steps_total{database="app",schema="public",table="t",step="create-partition",outcome="refused"}';
    expect((await scrape(metrics)).get(name)).toBe(0);
  });

  it('drops all leader families of that database and keeps the epoch', async () => {
    const { policy, table } = modelOf({ ranges: [['2025-03-01', '2025-04-01']] });
    const metrics = leading(policy, { partitions: 'all' });
    metrics.observeRun(snapshot(policy, table), 'provision');
    metrics.lost('app', 'lost');
    const samples = await scrape(metrics);
    expect(
      [...samples.keys()].filter((sample) =>
        /^(task|table|steps|partition|lock|retries|collector|catalog|clock|paused|blocked)/.test(sample),
      ),
    ).toEqual([]);
    expect(samples.get('leader{database="app"}')).toBe(0);
    expect(samples.get('leader_epoch{database="app"}')).toBe(7);
    expect(samples.get('leader_transitions_total{database="app",reason="lost"}')).toBe(1);
  });

  it('shows nothing of a snapshot that was still on its way when leadership was lost', async () => {
    const { policy, table } = modelOf({ ranges: [['2025-03-01', '2025-04-01']] });
    const metrics = leading(policy, { partitions: 'all' });
    metrics.observeRun(snapshot(policy, table), 'provision');
    metrics.lost('app', 'fenced');
    metrics.acquired(led([policy]), 8n);
    const samples = [...(await scrape(metrics)).keys()];
    expect(samples.filter((sample) => /^(table_partitions|partition_|catalog_)/.test(sample))).toEqual([]);
  });

  it('counts from 0 in a new term', async () => {
    const { policy } = modelOf();
    const metrics = leading(policy);
    metrics.taskFinished('app', 'provision', 'ok', 5);
    metrics.lost('app', 'released');
    metrics.acquired(led([policy]), 8n);
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

describe('blocked sessions', () => {
  it('are the most that were seen at one moment of the last 60 seconds', async () => {
    let now = 1_000;
    const metrics = leading(modelOf().policy, {}, { nowSeconds: () => now });
    const blocked = async (): Promise<number | undefined> => (await scrape(metrics)).get('blocked_sessions{database="app"}');
    expect(await blocked()).toBe(0);
    metrics.blockedSessions('app', 3);
    now = 1_030;
    metrics.blockedSessions('app', 7);
    metrics.blockedSessions('app', 2);
    expect(await blocked()).toBe(7);
    now = 1_089;
    metrics.blockedSessions('app', 1);
    expect(await blocked()).toBe(7);
    now = 1_090;
    expect(await blocked()).toBe(1);
    now = 1_150;
    expect(await blocked()).toBe(0);
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
    expect(value('table_last_success_timestamp_seconds', ',task="provision"')).toBe(10);
    expect((await after({ error }))('table_errors_total', ',phase="read"')).toBe(1);
    expect((await after({ steps: [{ ...base, outcome: 'failed', error }] }))('table_errors_total', ',phase="apply"')).toBe(1);
  });

  it('are neither a success nor an error where a run ended before they were done', async () => {
    const value = await after({
      steps: [
        { ...base, outcome: 'ok' },
        { ...base, outcome: 'skipped' },
      ],
    });
    expect(value('table_last_success_timestamp_seconds', ',task="provision"')).toBe(10);
    expect(value('table_errors_total', ',phase="apply"')).toBe(0);
  });

  it('are an error where something hinders the work of the table, a guard that refuses aside', async () => {
    const found = (kind: FindingKind, severity: 'warning' | 'error'): Partial<TableReport> => ({
      plan: { table: policy.table, steps: [], refused: [], findings: [{ kind, severity, message: '', partition: null }] },
    });
    const hindered = await after(found('missing-privilege', 'error'));
    expect(hindered('table_errors_total', ',phase="plan"')).toBe(1);
    expect(hindered('table_last_success_timestamp_seconds', ',task="provision"')).toBe(10);
    for (const report of [found('missing-privilege', 'warning'), found('removal-budget', 'error'), found('clock-skew', 'error')]) {
      const value = await after(report);
      expect(value('table_errors_total', ',phase="plan"')).toBe(0);
      expect(value('table_last_success_timestamp_seconds', ',task="provision"')).toBe(nowSeconds);
    }
  });

  it('are a spent lock budget when the locks never came', async () => {
    const error = new LockTimeoutError('PD401', 'Gave up.', []);
    const value = await after({ steps: [{ ...base, outcome: 'failed', error }] });
    expect(value('table_errors_total', ',phase="lock"')).toBe(1);
    expect(value('table_lock_budget_exhausted_total', '')).toBe(1);
  });

  it('show how long locks were waited for, attempt by attempt', async () => {
    const metrics = leading(policy);
    metrics.observeRun(
      event({ kind: 'lock-timeout', table: policy.table, step, attempt: 1, reason: 'lock-timeout', spentMs: 1 }),
      'provision',
    );
    metrics.observeRun(event({ kind: 'step-finished', table: policy.table, report: { ...base, outcome: 'ok' }, sql: [] }), 'provision');
    const samples = await scrape(metrics);
    expect(samples.get('table_lock_timeouts_total{database="app",schema="public",table="t"}')).toBe(1);
    expect(samples.get('retries_total{database="app",step="create-partition",reason="lock-timeout"}')).toBe(1);
    expect(samples.get('lock_wait_seconds_sum{database="app",step="create-partition"}')).toBe(0.25);
    expect(samples.get('lock_wait_seconds_bucket{le="0.25",database="app",step="create-partition"}')).toBe(1);
    expect(samples.get('lock_wait_seconds_bucket{le="0.1",database="app",step="create-partition"}')).toBe(0);
  });

  it('show no wait of a step that was never begun, but that of one which was ended while it waited', async () => {
    const metrics = leading(policy);
    for (const lockWaitMs of [0, 40]) {
      const report = { ...base, outcome: 'skipped', lockWaitMs } as const;
      metrics.observeRun(event({ kind: 'step-finished', table: policy.table, report, sql: [] }), 'provision');
    }
    const samples = await scrape(metrics);
    expect(samples.get('lock_wait_seconds_count{database="app",step="create-partition"}')).toBe(1);
    expect(samples.get('lock_wait_seconds_sum{database="app",step="create-partition"}')).toBe(0.04);
  });

  it('count what failed for a passing reason by its reason', async () => {
    const metrics = leading(policy);
    metrics.observeRun(event({ kind: 'lock-timeout', table: policy.table, step, attempt: 1, reason: 'deadlock', spentMs: 1 }), 'provision');
    for (const error of [
      new ConnectionError('PD205', 'Gone.'),
      new StatementError('PD501', 'Again.', '40001'),
      new StatementError('PD501', 'No.', '42501'),
    ]) {
      const report = { ...base, outcome: 'failed', error } as const;
      metrics.observeRun(event({ kind: 'step-finished', table: policy.table, report, sql: [] }), 'provision');
    }
    const samples = await scrape(metrics);
    const retries = ['lock-timeout', 'deadlock', 'serialization', 'connection'].map((reason) =>
      samples.get(`retries_total{database="app",step="create-partition",reason="${reason}"}`),
    );
    expect(retries).toEqual([0, 1, 1, 1]);
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
