import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { Finding } from '../../../src/plan/finding.ts';
import type { ReconcileEvent } from '../../../src/reconcile/event.ts';
import { parseExposition } from '../../support/exposition.ts';
import { contextAt, keep, type ModelSettings, modelOf, named, partition, planModel } from '../../support/model.ts';
import { event, leading, led, newMetrics, nowSeconds, patientMs, readAt, scrape, snapshot, snapshotOf, statisticsOf } from './support.ts';

/** Value of a gauge of table `t` after one snapshot of it. */
async function tableGauges(settings: ModelSettings): Promise<(name: string, labels?: string) => number | undefined> {
  const { policy, table } = modelOf(settings);
  const metrics = leading(policy);
  metrics.observeCollection(snapshot(policy, table));
  const samples = await scrape(metrics);
  return (name, labels = '') => samples.get(`${name}{database="app",schema="public",table="t"${labels}}`);
}

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
    const settings = { type: 'bigint', policy: { interval: parseInterval(100) }, ranges: [['0', '100']] } as const;
    const unread = await tableGauges({ ...settings, table: { newest: { position: 50n, beyondHorizon: null, isIncomplete: true } } });
    expect(unread('table_headroom_intervals')).toBeUndefined();
    const full = await tableGauges({
      ...settings,
      table: { defaultRows: { count: 10_000, isExact: false, live: 10_501, min: null, max: null } },
    });
    expect(full('table_default_partition_rows')).toBe(10_501);
    for (const name of ['table_interval_seconds', 'table_runway_target_seconds', 'table_coverage_end_timestamp_seconds']) {
      expect(gauge(name)).toBeUndefined();
    }
  });

  it('count partitions by state, each of which is always there', async () => {
    const none = await tableGauges({});
    for (const state of ['attached', 'detach-pending', 'detached', 'foreign'])
      expect(none('table_partitions', `,state="${state}"`)).toBe(0);
    const oid = { oid: '9', range: { from: 0n, to: 1n }, detachedAt: 0n, dropAfter: null, origin: 'partition' as const };
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
    const metrics = leading(policy, { partitions: 'all' });
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
    metrics.observeCollection(event({ kind: 'snapshot-read', isWhole: true, facts, tables: [], durationMs: 1 }));
    expect((await scrape(metrics)).get('table_coverage_gaps{database="app",schema="public",table="t"}')).toBe(1);
  });
});

describe('the time of the snapshot', () => {
  const { policy, table } = modelOf();
  const timeAfter = async (events: readonly ReconcileEvent[]): Promise<number | undefined> => {
    const metrics = leading(policy);
    for (const one of events) metrics.observeRun(one, 'provision');
    metrics.statisticsCollected('app', []);
    return (await scrape(metrics)).get('catalog_snapshot_timestamp_seconds{database="app"}');
  };
  const whole = snapshot(policy, table);
  const later = snapshotOf([{ policy, table }], 'app', 60);
  if (later.kind !== 'snapshot-read') throw new Error('no snapshot');

  it('is that of the last run over all tables', async () => {
    expect(await timeAfter([whole, later])).toBe(nowSeconds + 60);
  });

  it('stands still for a run that spares some tables, and for one that could read none', async () => {
    expect(await timeAfter([whole, { ...later, isWhole: false }])).toBe(nowSeconds);
    expect(await timeAfter([whole, { ...later, tables: [] }])).toBe(nowSeconds);
    expect(await timeAfter([{ ...later, tables: [] }])).toBeUndefined();
  });
});

describe('measured gauges of a table', () => {
  const partitions = [
    partition('small', { kind: 'unreadable', reason: '' }, { estimatedRows: 10, estimatedBytes: 100 }),
    partition('large', { kind: 'unreadable', reason: '' }, { estimatedRows: 1000, estimatedBytes: 9000 }),
    partition('unknown', { kind: 'unreadable', reason: '' }, { estimatedRows: -1, estimatedBytes: 0 }),
    partition('t_default', { kind: 'default' }, { estimatedRows: 0, estimatedBytes: 1 }),
  ];
  const model = modelOf({ partitions });
  const of = async (metrics: ReturnType<typeof leading>, name: string, more = ''): Promise<number | undefined> =>
    (await scrape(metrics)).get(`${name}{database="app",schema="public",table="t"${more}}`);

  it('are estimates of the catalog before the first collection, and absent where only that can know', async () => {
    const metrics = leading(model.policy);
    metrics.observeCollection(snapshot(model.policy, model.table));
    expect(await of(metrics, 'table_rows')).toBe(1010);
    expect(await of(metrics, 'table_unanalyzed_partitions')).toBe(1);
    expect(await of(metrics, 'table_default_partition_bytes')).toBe(1);
    for (const name of ['table_dead_rows', 'table_oldest_xid_age_transactions', 'table_invalid_indexes'])
      expect(await of(metrics, name), name).toBeUndefined();
    expect(await of(metrics, 'table_size_bytes', ',component="heap"')).toBeUndefined();
  });

  it('sum over the tree, take the worst age and the stalest vacuum, and have every kind of drift', async () => {
    const metrics = leading(model.policy);
    metrics.observeCollection(snapshot(model.policy, model.table));
    const one = {
      heapBytes: 10,
      indexBytes: 20,
      toastBytes: 30,
      deadRows: 4,
      rows: 50,
      xidAge: 7,
      mxidAge: 3,
      vacuumedAt: 500,
      analyzedAt: 0,
    };
    const partitionStatistics = { 'oid of small': one, 'oid of large': { ...one, xidAge: 9, vacuumedAt: 400, analyzedAt: 600 } };
    const changes = { parentAnalyzedAt: 300, invalidIndexes: 2, drift: new Map([['owner', 5] as const]) };
    metrics.statisticsCollected('app', [statisticsOf(model.policy, partitionStatistics, changes)]);
    for (const [component, bytes] of [
      ['heap', 20],
      ['index', 40],
      ['toast', 60],
    ] as const)
      expect(await of(metrics, 'table_size_bytes', `,component="${component}"`)).toBe(bytes);
    const expected = {
      table_rows: 100,
      table_dead_rows: 8,
      table_oldest_xid_age_transactions: 9,
      table_oldest_mxid_age_transactions: 3,
      table_oldest_vacuum_timestamp_seconds: 400,
      table_oldest_analyze_timestamp_seconds: 0,
      table_parent_analyze_timestamp_seconds: 300,
      table_invalid_indexes: 2,
    };
    for (const [name, value] of Object.entries(expected)) expect(await of(metrics, name), name).toBe(value);
    expect(await of(metrics, 'table_drifted_partitions', ',drift="owner"')).toBe(5);
    expect(await of(metrics, 'table_drifted_partitions', ',drift="replica-identity"')).toBe(0);
  });

  it('are absent, not healthy, while the collector that reads them has not succeeded yet', async () => {
    const metrics = leading(model.policy, { partitions: 'top' });
    metrics.observeCollection(snapshot(model.policy, model.table));
    const unread = statisticsOf(model.policy, {}, { parentAnalyzedAt: null, invalidIndexes: null, drift: null });
    metrics.statisticsCollected('app', [unread]);
    const absent =
      /^(table_(size_bytes|dead_rows|oldest_.*_(age|timestamp)|parent_analyze|invalid_indexes|drifted)|partition_(dead_rows|xid_age))/;
    const names = [...(await scrape(metrics)).keys()];
    expect(names.filter((name) => absent.test(name) && !name.startsWith('table_oldest_partition_end'))).toEqual([]);
    expect(await of(metrics, 'table_rows')).toBe(1010);
    metrics.statisticsCollected('app', [{ ...unread, drift: new Map(), invalidIndexes: 0 }]);
    expect(await of(metrics, 'table_invalid_indexes')).toBe(0);
    expect(await of(metrics, 'table_drifted_partitions', ',drift="owner"')).toBe(0);
    metrics.statisticsCollected('app', [{ ...unread, partitions: statisticsOf(model.policy, { 'oid of small': {} }).partitions }]);
    expect(await of(metrics, 'table_dead_rows')).toBe(0);
    expect(await of(metrics, 'table_size_bytes', ',component="heap"')).toBe(0);
  });

  it('keep the last value of a partition that was locked away this time, and forget one that is gone', async () => {
    const metrics = leading(model.policy);
    const { policy, table } = model;
    metrics.observeCollection(snapshot(policy, table));
    metrics.statisticsCollected('app', [statisticsOf(policy, { 'oid of small': { heapBytes: 10 }, gone: { heapBytes: 5 } })]);
    metrics.statisticsCollected('app', [statisticsOf(policy, { 'oid of large': { heapBytes: 10 } })]);
    expect(await of(metrics, 'table_size_bytes', ',component="heap"')).toBe(20);
    const [, ...without] = table.partitions;
    metrics.observeCollection(
      snapshot(policy, { ...table, partitions: [partition('new', { kind: 'unreadable', reason: '' }), ...without] }),
    );
    expect(await of(metrics, 'table_size_bytes', ',component="heap"')).toBe(10);
  });

  it('count a partition that ends exactly now as closed', async () => {
    const ended = partition('ended', { kind: 'range', from: readAt - 1_000n, to: readAt }, { estimatedBytes: 70 });
    const open = partition('open', { kind: 'range', from: readAt, to: readAt + 1n }, { estimatedBytes: 900 });
    const { policy, table } = modelOf({ partitions: [ended, open] });
    const metrics = leading(policy);
    metrics.observeCollection(snapshot(policy, table));
    expect(await of(metrics, 'table_partition_size_max_bytes')).toBe(70);
  });

  it('show how far closed partitions differ in size, without the current and the future ones', async () => {
    const months = ['2024-10', '2024-11', '2024-12', '2025-01', '2025-02', '2025-03', '2025-04', '2025-05'];
    const ranges = months.slice(0, -1).map((month, i): [string, string] => [`${month}-01`, `${months[i + 1]}-01`]);
    const { policy, table } = modelOf({ ranges });
    const metrics = leading(policy);
    metrics.observeCollection(snapshot(policy, table));
    const sizes = [100, 300, 200, 900, 400, 5_000, 0];
    metrics.statisticsCollected('app', [
      statisticsOf(policy, Object.fromEntries(sizes.map((heapBytes, i) => [`oid of p${i + 1}`, { heapBytes }]))),
    ]);
    expect(await of(metrics, 'table_partition_size_median_bytes')).toBe(300);
    expect(await of(metrics, 'table_partition_size_max_bytes')).toBe(900);
    expect(await of(metrics, 'table_size_skew_ratio')).toBe(3);
  });

  it('tell nothing of empty closed partitions, whose indexes take pages nevertheless', async () => {
    const months = ['2024-10', '2024-11', '2024-12', '2025-01', '2025-02', '2025-03'];
    const ranges = months.slice(0, -1).map((month, i): [string, string] => [`${month}-01`, `${months[i + 1]}-01`]);
    const { policy, table } = modelOf({ ranges });
    const metrics = leading(policy);
    const collect = (heaps: readonly number[]): void => {
      metrics.observeCollection(snapshot(policy, table));
      metrics.statisticsCollected('app', [
        statisticsOf(policy, Object.fromEntries(heaps.map((heapBytes, i) => [`oid of p${i + 1}`, { heapBytes, indexBytes: 16 }]))),
      ]);
    };
    collect([0, 0, 84, 184, 84]);
    expect(await of(metrics, 'table_partition_size_median_bytes')).toBe(100);
    expect(await of(metrics, 'table_size_skew_ratio')).toBe(2);
    expect((await of(metrics, 'table_growth_bytes_per_second')) ?? 0).toBeGreaterThan(0);
    collect([0, 0, 0, 0, 0]);
    expect(await of(metrics, 'table_partition_size_median_bytes')).toBeUndefined();
    expect(await of(metrics, 'table_growth_bytes_per_second')).toBeUndefined();
  });
});

describe('the forecast of a table', () => {
  const days = Array.from({ length: 41 }, (_, i) => new Date(Date.UTC(2025, 1, 1 + i)).toISOString().slice(0, 10));
  const ranges = days.slice(0, -1).map((from, i): [string, string] => [from, days[i + 1] ?? '']);
  const daily = (changes: Parameters<typeof modelOf>[0] = {}): ReturnType<typeof modelOf> => {
    const model = modelOf({ ranges, ...changes, policy: { interval: parseInterval('1 day'), ...changes.policy } });
    return { ...model, table: { ...model.table, partitions: model.table.partitions.map((one) => ({ ...one, estimatedBytes: 86_400 })) } };
  };
  const forecast = async (model: ReturnType<typeof modelOf>): Promise<readonly (number | undefined)[]> => {
    const metrics = leading(model.policy);
    metrics.observeCollection(snapshot(model.policy, model.table));
    const samples = await scrape(metrics);
    return [
      'table_growth_bytes_per_second{',
      ...['7d', '30d', '90d'].map((horizon) => `table_forecast_size_bytes{horizon="${horizon}",`),
    ].map((key) => [...samples].find(([name]) => sorted(name) === sorted(`${key}database="app",schema="public",table="t"}`))?.[1]);
  };
  /** Labels in any order. */
  const sorted = (name: string): string => name.replace(/\{(.*)\}/, (_, labels: string) => labels.split(',').toSorted().join(','));

  it('adds what comes at the fitted pace', async () => {
    const present = 40 * 86_400;
    const [growth, week, month, quarter] = await forecast(daily());
    expect(growth).toBeCloseTo(1);
    expect(week).toBeCloseTo(present + 7 * 86_400);
    expect(month).toBeCloseTo(present + 30 * 86_400);
    expect(quarter).toBeCloseTo(present + 90 * 86_400);
  });

  it('takes off what leaves by retention until then', async () => {
    // At noon of the 38th day: whole days leave, half days do not.
    const [, week, , quarter] = await forecast(daily({ policy: { retention: keep('20 days') } }));
    expect(week).toBeCloseTo((40 - 24 + 7) * 86_400);
    expect(quarter).toBeCloseTo(20.5 * 86_400);
  });

  it('keeps what is on hold', async () => {
    const hold = { range: null, reason: 'legal' };
    const [, week] = await forecast(daily({ policy: { retention: keep('20 days') }, table: { holds: [hold] } }));
    expect(week).toBeCloseTo((40 + 7) * 86_400);
  });

  it('is absent with fewer than three closed partitions, and for integer keys', async () => {
    expect(await forecast(modelOf({ ranges: [['2025-01-01', '2025-02-01']] }))).toEqual([undefined, undefined, undefined, undefined]);
    const integers = modelOf({
      type: 'bigint',
      policy: { interval: parseInterval(100) },
      ranges: [
        ['0', '100'],
        ['100', '200'],
        ['200', '300'],
        ['300', '400'],
      ],
      table: { newest: { position: 350n, beyondHorizon: null } },
    });
    expect(await forecast(integers)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('when an integer key runs out', () => {
  const integers = (newest: bigint | null, to = '1000'): ReturnType<typeof modelOf> =>
    modelOf({
      type: 'bigint',
      policy: { interval: parseInterval(1000) },
      ranges: [['0', to]],
      table: { newest: { position: newest, beyondHorizon: null } },
    });
  const exhaustion = async (
    observed: readonly (readonly [later: number, newest: bigint | null])[],
    to?: string,
  ): Promise<number | undefined> => {
    const metrics = leading(integers(null).policy);
    for (const [later, newest] of observed) metrics.observeCollection(snapshotOf([integers(newest, to)], 'app', later));
    return (await scrape(metrics)).get('table_forecast_exhaustion_timestamp_seconds{database="app",schema="public",table="t"}');
  };

  it('is unknown until it was watched for a minute, and without rows', async () => {
    expect(await exhaustion([[0, 100n]])).toBeUndefined();
    expect(
      await exhaustion([
        [0, 100n],
        [59, 200n],
      ]),
    ).toBeUndefined();
    expect(
      await exhaustion([
        [0, null],
        [600, null],
      ]),
    ).toBeUndefined();
  });

  it('follows from the pace of the newest key', async () => {
    expect(
      await exhaustion([
        [0, 100n],
        [100, 200n],
      ]),
    ).toBe(nowSeconds + 100 + 800);
  });

  it('is never when the key stands still, or nothing ends', async () => {
    expect(
      await exhaustion([
        [0, 100n],
        [100, 100n],
      ]),
    ).toBe(Number.POSITIVE_INFINITY);
    expect(
      await exhaustion(
        [
          [0, 100n],
          [100, 200n],
        ],
        'MAXVALUE',
      ),
    ).toBe(Number.POSITIVE_INFINITY);
  });

  it('forgets the pace of yesterday, and begins anew when the newest key falls', async () => {
    const hour = 3600;
    // One a second for twelve hours, then one in a hundred seconds for twelve.
    const slower: [number, bigint][] = [
      [0, 0n],
      [6 * hour, 21_600n],
      [12 * hour, 43_200n],
      [18 * hour, 43_416n],
      [24 * hour, 43_632n],
    ];
    expect(await exhaustion(slower, '50000')).toBeCloseTo(nowSeconds + 24 * hour + (50_000 - 43_632) * 100);
    expect(
      await exhaustion([
        [0, 500n],
        [100, 100n],
        [200, 200n],
      ]),
    ).toBe(nowSeconds + 200 + 800);
  });
});

describe('tables of several databases', () => {
  it('come under one HELP and TYPE for each family, and go with their own database', async () => {
    const { policy, table } = modelOf({ ranges: [['2025-03-01', '2025-04-01']] });
    const metrics = newMetrics({ partitions: 'all' }, { databases: ['a', 'b'] });
    for (const name of ['a', 'b']) {
      metrics.acquired(led([policy], { name }), 1n);
      metrics.observeCollection(snapshotOf([{ policy, table }], name));
    }
    const labelled = async (): Promise<readonly string[]> => {
      const families = parseExposition(await metrics.render(patientMs));
      const sizes = families.find(({ name }) => name === 'partitiond_partition_size_bytes')?.samples ?? [];
      return sizes.map(({ labels }) => `${labels.get('database')}/${labels.get('partition')}`);
    };
    expect(await labelled()).toEqual(['a/p1', 'a/_other', 'b/p1', 'b/_other']);
    metrics.lost('a', 'released');
    expect(await labelled()).toEqual(['b/p1', 'b/_other']);
    expect(await metrics.render(patientMs)).not.toMatch(/partitiond_table_\w+\{database="a"/);
  });

  it('do not come back when leadership is lost in the middle of a large snapshot', async () => {
    const partitions = Array.from({ length: 2_000 }, (_, i) => partition(`p${i}`, { kind: 'unreadable', reason: '' }));
    const read = Array.from({ length: 20 }, (_, i) => modelOf({ partitions, policy: { table: named(`t${i}`) } }));
    const metrics = newMetrics({ partitions: 'top' });
    metrics.acquired(led(read.map(({ policy }) => policy)), 1n);
    metrics.observeCollection(snapshotOf(read));
    await setImmediate();
    metrics.lost('app', 'lost');
    for (let i = 0; i < 50; i += 1) await setImmediate();
    expect([...(await scrape(metrics)).keys()].filter((name) => /^(table|partition|catalog)_/.test(name))).toEqual([]);
  });

  it('are read again only where a run has changed them, and shown at its end', async () => {
    const before = modelOf({ ranges: [['2025-03-01', '2025-04-01']] });
    const after = modelOf({
      ranges: [
        ['2025-03-01', '2025-04-01'],
        ['2025-04-01', '2025-05-01'],
      ],
    });
    const metrics = leading(before.policy);
    metrics.observeRun(snapshot(before.policy, before.table), 'provision');
    const state = { kind: 'partitioned', table: after.table } as const;
    const report = { table: before.policy.table, state, plan: null, steps: [], error: null };
    metrics.observeRun(event({ kind: 'table-finished', table: report.table, after: after.table, report }), 'provision');
    const future = async (): Promise<number | undefined> =>
      (await scrape(metrics)).get('table_future_partitions{database="app",schema="public",table="t"}');
    expect(await future()).toBe(0);
    const run = { runId: 'r', database: 'app', facts: null, pause: null, tables: [report], unreached: [] };
    metrics.observeRun(event({ kind: 'run-finished', report: run, durationMs: 1, outcome: 'ok' }), 'provision');
    expect(await future()).toBe(1);
  });
});
