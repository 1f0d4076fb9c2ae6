import { describe, expect, it } from 'vitest';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { Finding } from '../../../src/plan/finding.ts';
import { contextAt, keep, type ModelSettings, modelOf, named, partition, planModel } from '../../support/model.ts';
import { event, leading, nowSeconds, readAt, scrape, snapshot } from './support.ts';

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
    metrics.observeCollection(event({ kind: 'snapshot-read', facts, tables: [], durationMs: 1 }));
    expect((await scrape(metrics)).get('table_coverage_gaps{database="app",schema="public",table="t"}')).toBe(1);
  });
});
