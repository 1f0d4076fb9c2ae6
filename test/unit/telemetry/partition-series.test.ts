import { describe, expect, it } from 'vitest';
import type { Partition, PartitionedTable } from '../../../src/partition/partition.ts';
import type { TablePolicy } from '../../../src/partition/policy.ts';
import { type Model, modelOf, named, partition } from '../../support/model.ts';
import { leading, led, newMetrics, patientMs, scrape, shownPartitions, snapshot, snapshotOf, statisticsOf } from './support.ts';

const partitions = [
  partition('small', { kind: 'unreadable', reason: '' }, { estimatedRows: 10, estimatedBytes: 100 }),
  partition('large', { kind: 'unreadable', reason: '' }, { estimatedRows: 1000, estimatedBytes: 9000 }),
  partition('unknown', { kind: 'unreadable', reason: '' }, { estimatedRows: -1, estimatedBytes: 0 }),
  partition('t_default', { kind: 'default' }, { estimatedRows: 0, estimatedBytes: 1 }),
];

/** A table of so many partitions `p0`, `p1`, ... of these sizes. */
function sized(sizes: readonly number[], name = 't'): Model {
  const list = sizes.map((estimatedBytes, i) =>
    partition(`p${i}`, { kind: 'unreadable', reason: '' }, { estimatedRows: 0, estimatedBytes }),
  );
  return modelOf({ partitions: list, policy: { table: named(name) } });
}

function resized(table: PartitionedTable, size: (one: Partition, index: number) => number): PartitionedTable {
  return { ...table, partitions: table.partitions.map((one, i) => ({ ...one, estimatedBytes: size(one, i) })) };
}

/** A collection, which shows twice, and a run in between that sees the same. */
function collectAndRun(metrics: ReturnType<typeof leading>, policy: TablePolicy, table: PartitionedTable): void {
  metrics.observeCollection(snapshot(policy, table));
  const sizes = table.partitions.map(({ oid, estimatedBytes }) => [oid, { heapBytes: estimatedBytes }] as const);
  metrics.statisticsCollected('app', [statisticsOf(policy, Object.fromEntries(sizes))]);
  metrics.observeRun(snapshot(policy, table), 'provision');
}

async function sumOf(metrics: ReturnType<typeof leading>, family: string): Promise<number> {
  return [...(await scrape(metrics))].reduce((sum, [name, value]) => (name.startsWith(`${family}{`) ? sum + value : sum), 0);
}

describe('series of single partitions', () => {
  it('are the largest and `_other`, whose sum is still the table', async () => {
    const { policy, table } = modelOf({ partitions });
    const metrics = leading(policy, { partitions: 'top' });
    metrics.observeCollection(snapshot(policy, table));
    expect(await shownPartitions(metrics)).toEqual(['t_default', 'large', '_other']);
    expect(await sumOf(metrics, 'partition_size_bytes')).toBe(9101);
    const samples = await scrape(metrics);
    expect(samples.get('partitions_exported{database="app",schema="public",table="t"}')).toBe(2);
    expect(samples.get('partitions_omitted{database="app",schema="public",table="t"}')).toBe(2);
  });

  it('show measured sizes, rows, dead rows and freeze age; `_other` has sums, and of ages the worst', async () => {
    const { policy, table } = modelOf({ partitions });
    const metrics = leading(policy, { partitions: 'top', topPerTable: 1 });
    metrics.observeCollection(snapshot(policy, table));
    expect(await shownPartitions(metrics, 'partition_dead_rows')).toEqual([]);
    const one = { heapBytes: 10, indexBytes: 20, toastBytes: 30, rows: 5, deadRows: 4 };
    metrics.statisticsCollected('app', [
      statisticsOf(policy, {
        'oid of small': { ...one, xidAge: 300 },
        'oid of large': { ...one, xidAge: 900, rows: -1 },
        'oid of t_default': { ...one, xidAge: 100 },
      }),
    ]);
    const samples = await scrape(metrics);
    const of = (family: string, label: string): number | undefined =>
      samples.get(`${family}{database="app",schema="public",table="t",partition="${label}"}`);
    expect(of('partition_size_bytes', 't_default')).toBe(60);
    expect(of('partition_size_bytes', '_other')).toBe(120);
    expect(of('partition_rows', 't_default')).toBe(5);
    expect(of('partition_rows', '_other')).toBe(1005);
    expect(of('partition_dead_rows', '_other')).toBe(8);
    expect(of('partition_xid_age_transactions', 't_default')).toBe(100);
    expect(of('partition_xid_age_transactions', '_other')).toBe(900);
  });

  it('always include the current partition, the next one, the default and those on hold', async () => {
    const model = modelOf({
      ranges: [
        ['2025-01-01', '2025-02-01'],
        ['2025-03-01', '2025-04-01'],
        ['2025-04-01', '2025-05-01'],
        ['2025-05-01', '2025-06-01'],
      ],
      partitions,
      table: { holds: [{ range: { from: 1_735_689_600_000_000n, to: 1_735_689_600_000_001n }, reason: 'legal' }] },
    });
    const metrics = leading(model.policy, { partitions: 'top', topPerTable: 1 });
    metrics.observeCollection(snapshot(model.policy, model.table));
    expect(await shownPartitions(metrics)).toEqual(['p2', 'p3', 't_default', 'p1', '_other']);
  });

  it('are none when that is switched off, which is told', async () => {
    const { policy, table } = modelOf({ partitions });
    const metrics = leading(policy, { partitions: 'none' });
    metrics.observeCollection(snapshot(policy, table));
    expect([...(await scrape(metrics)).keys()].filter((name) => name.startsWith('partition_'))).toEqual([]);
    expect((await scrape(metrics)).get('partitions_omitted{database="app",schema="public",table="t"}')).toBe(4);
    expect((await scrape(metrics)).get('metrics_dropped_series_total')).toBe(0);
  });

  it('name a partition of another schema in full, and escape what must be', async () => {
    const strange = partition('x', { kind: 'unreadable', reason: '' }, { estimatedRows: 0, name: named('a"b\\c\nd', 'archive') });
    const { policy, table } = modelOf({ partitions: [strange] });
    const metrics = leading(policy, { partitions: 'all' });
    metrics.observeCollection(snapshot(policy, table));
    expect(await metrics.render(patientMs)).toContain(
      'partitiond_partition_rows{database="app",schema="public",table="t",partition="archive.\\"a\\"\\"b\\\\c\\nd\\""} 0\n',
    );
  });
});

describe('the bounded set', () => {
  it('lets in by rank, and lets go with the third collection after the rank is beyond one and a half times that', async () => {
    const { policy, table } = sized([60, 50, 40, 30, 20, 10]);
    const metrics = leading(policy, { partitions: 'top', topPerTable: 2 });
    const show = async (sizes: readonly number[]): Promise<readonly string[]> => {
      collectAndRun(
        metrics,
        policy,
        resized(table, (_, i) => sizes[i] ?? 0),
      );
      return (await shownPartitions(metrics)).filter((name) => name !== '_other').toSorted();
    };
    expect(await show([60, 50, 40, 30, 20, 10])).toEqual(['p0', 'p1']);
    // p1 is third now: within one and a half times two.
    expect(await show([60, 50, 55, 30, 20, 10])).toEqual(['p0', 'p1', 'p2']);
    // And now fourth, for the first, second and third time; only three may be shown at once.
    expect(await show([60, 50, 55, 52, 20, 10])).toEqual(['p0', 'p1', 'p2']);
    expect(await show([60, 50, 55, 52, 20, 10])).toEqual(['p0', 'p1', 'p2']);
    expect(await show([60, 50, 55, 52, 20, 10])).toEqual(['p0', 'p2']);
    expect(await show([60, 54, 55, 52, 20, 10])).toEqual(['p0', 'p2']);
  });

  it('lets go at once of a partition that is gone', async () => {
    const { policy, table } = sized([60, 50, 40, 30]);
    const metrics = leading(policy, { partitions: 'top', topPerTable: 2 });
    metrics.observeCollection(snapshot(policy, table));
    metrics.observeCollection(snapshot(policy, { ...table, partitions: table.partitions.slice(1) }));
    expect(await shownPartitions(metrics)).toEqual(['p1', 'p2', '_other']);
  });

  it('begins fewer than 2 % new series in 40 collections with noise', async () => {
    const count = 200;
    let state = 1;
    const random = (): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    const sizes = Array.from({ length: count }, () => 1e9 * Math.exp(2 * random()));
    const { policy, table } = sized(sizes);
    const metrics = leading(policy, { partitions: 'top', topPerTable: 20 });
    let known = new Set<string>();
    const seen: number[] = [];
    let begun = 0;
    for (let round = 0; round < 40; round += 1) {
      collectAndRun(
        metrics,
        policy,
        resized(table, ({ estimatedBytes }) => estimatedBytes * (0.99 + 0.02 * random())),
      );
      const shown = new Set(await shownPartitions(metrics));
      if (round > 0) begun += [...shown].filter((name) => !known.has(name)).length;
      seen.push(shown.size);
      known = shown;
    }
    const series = seen.reduce((sum, size) => sum + size, 0);
    expect(begun / series).toBeLessThan(0.02);
    expect(Math.max(...seen)).toBeLessThanOrEqual(31);
  });
});

describe('the caps of series by partition', () => {
  it('fall back from all to top above 5,000 partitions, and say so once', async () => {
    const lines: string[] = [];
    const { policy, table } = sized(Array.from({ length: 5_001 }, (_, i) => i));
    const logger = { error: (message: string) => lines.push(message), warn: () => 0, info: () => 0, debug: () => 0, child: () => logger };
    const metrics = leading(policy, { partitions: 'all', topPerTable: 3 }, { logger });
    metrics.observeCollection(snapshot(policy, table));
    metrics.observeCollection(snapshot(policy, table));
    expect(await shownPartitions(metrics)).toEqual(['p5000', 'p4999', 'p4998', '_other']);
    expect(lines).toEqual(['too many partitions for metrics.partitions: all']);
    metrics.observeCollection(snapshot(policy, { ...table, partitions: table.partitions.slice(1) }));
    expect(await shownPartitions(metrics)).toHaveLength(5_001);
  });

  it('share 2,000 partitions of a process among tables and databases, small ones first', async () => {
    const names = ['one', 'two'];
    const metrics = newMetrics({ partitions: 'top', topPerTable: 1_000 }, { databases: names });
    const small = sized([1, 2, 3], 'small');
    const large = ['large', 'huge'].map((name) =>
      sized(
        Array.from({ length: 1_200 }, (_, i) => i),
        name,
      ),
    );
    for (const name of names) metrics.acquired(led([small.policy, ...large.map(({ policy }) => policy)], { name }), 1n);
    const read = [small, ...large].map(({ policy, table }) => ({ policy, table }));
    // Only the first has read its tables: it may show all there is room for, and gives way when the second comes.
    metrics.observeCollection(snapshotOf(read, 'one'));
    const exported = async (database: string, table: string): Promise<number> =>
      (await scrape(metrics)).get(`partitions_exported{database="${database}",schema="public",table="${table}"}`) ?? -1;
    expect([await exported('one', 'small'), await exported('one', 'large')]).toEqual([3, Math.floor((998 * 1_000) / 1_200)]);
    const exportedBy = async (name: string): Promise<number> =>
      (await Promise.all(['small', 'large', 'huge'].map((table) => exported(name, table)))).reduce((sum, count) => sum + count, 0);
    metrics.observeCollection(snapshotOf(read, 'two'));
    expect((await exportedBy('one')) + (await exportedBy('two'))).toBeLessThanOrEqual(2_000);
    for (const name of [...names, ...names]) {
      metrics.observeCollection(snapshotOf(read, name));
      await metrics.render(patientMs);
    }
    const all = await Promise.all(names.flatMap((name) => ['small', 'large', 'huge'].map((table) => exported(name, table))));
    expect(all.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(2_000);
    expect([all[0], all[3]]).toEqual([3, 3]);
    for (const count of [all[1], all[2], all[4], all[5]]) expect(count).toBeGreaterThan(300);
  });

  it('let series of partitions go first for maxSeries, then gauges of tables, and count them', async () => {
    const { policy, table } = sized(Array.from({ length: 100 }, (_, i) => i));
    const seriesOf = async (maxSeries: number): Promise<ReadonlyMap<string, number>> => {
      const metrics = leading(policy, { partitions: 'all', maxSeries });
      metrics.observeCollection(snapshot(policy, table));
      return await scrape(metrics);
    };
    const free = await seriesOf(50_000);
    const exact = free.get('metrics_series') ?? 0;
    expect(free.get('metrics_dropped_series_total')).toBe(0);

    const tight = await seriesOf(500);
    const shown = tight.get('partitions_exported{database="app",schema="public",table="t"}') ?? 0;
    expect(shown).toBeGreaterThan(0);
    expect(shown).toBeLessThan(100);
    expect(tight.get('metrics_dropped_series_total')).toBe(4 * (100 - shown));
    expect(tight.get('metrics_series')).toBeLessThanOrEqual(500);
    const size = [...tight].reduce((sum, [name, value]) => (name.startsWith('partition_size_bytes') ? sum + value : sum), 0);
    expect(size).toBe((99 * 100) / 2);

    const none = await seriesOf(exact - 205);
    expect([...none.keys()].filter((name) => name.startsWith('partition_'))).toEqual([]);
    const some = await seriesOf((none.get('metrics_series') ?? 0) - 3);
    expect(some.get('metrics_series')).toBe((none.get('metrics_series') ?? 0) - 3);
    expect(some.has('partitions_omitted{database="app",schema="public",table="t"}')).toBe(false);
    expect([...(await seriesOf(1)).keys()].filter((name) => name.startsWith('table_partitions'))).toEqual([]);
    expect([...(await seriesOf(1)).keys()]).toContain('leader{database="app"}');
  });
});
