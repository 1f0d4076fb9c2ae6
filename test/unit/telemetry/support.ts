import type { PartitionedTable } from '../../../src/partition/partition.ts';
import type { TablePolicy } from '../../../src/partition/policy.ts';
import type { Finding } from '../../../src/plan/finding.ts';
import type { ReconcileEvent } from '../../../src/reconcile/event.ts';
import type { PartitionStatistics, TableStatistics } from '../../../src/reconcile/table-statistics.ts';
import type { LedDatabase } from '../../../src/telemetry/leader-metrics.ts';
import { metricPrefix } from '../../../src/telemetry/metric-catalogue.ts';
import { createMetrics, type Metrics, type MetricsOptions } from '../../../src/telemetry/metrics.ts';
import { instant } from '../../support/model.ts';

export const nowSeconds = 1_741_608_000;
export const readAt: bigint = instant('2025-03-10T12:00:00Z');

/** A machine that does much else must not make a test see the snapshot before. */
export const patientMs = 60_000;

export interface Limits {
  readonly partitions?: 'none' | 'top' | 'all';
  readonly topPerTable?: number;
  readonly maxSeries?: number;
}

export function newMetrics(limits: Limits = {}, options: Partial<MetricsOptions> = {}): Metrics {
  const all = { partitions: 'none', topPerTable: 2, maxSeries: 50_000, ...limits } as const;
  return createMetrics({ version: '1.2.3', revision: 'abc', databases: ['app'], limits: all, nowSeconds: () => nowSeconds, ...options });
}

/** A database whose tables nobody has worked on yet; the journal was installed at second 10. */
export function led(tables: readonly TablePolicy[], changes: Partial<LedDatabase> = {}): LedDatabase {
  const times = { intervalSeconds: 600, lastRunSeconds: 100, lastSuccessSeconds: 50 };
  return {
    name: 'app',
    tables,
    tasks: [
      { task: 'provision', ...times },
      { task: 'collect', ...times },
    ],
    history: [],
    probes: [],
    migrations: [],
    installedSeconds: 10,
    ...changes,
  };
}

/** Metrics of a leader of `app` whose only table is that of `policy`. */
export function leading(policy: TablePolicy, limits: Limits = {}, options: Partial<MetricsOptions> = {}): Metrics {
  const metrics = newMetrics(limits, options);
  metrics.acquired(led([policy]), 7n);
  return metrics;
}

type EventBody = ReconcileEvent extends infer E ? (E extends unknown ? Omit<E, 'runId' | 'database'> : never) : never;

export function event(body: EventBody, database = 'app'): ReconcileEvent {
  return { runId: 'r', database, ...body };
}

export interface ReadTable {
  readonly policy: TablePolicy;
  readonly table: PartitionedTable;
  readonly findings?: readonly Finding[];
}

/** A snapshot of these tables at `readAt`, or `later` seconds after it. */
export function snapshotOf(read: readonly ReadTable[], database = 'app', later = 0): ReconcileEvent {
  const now = readAt + BigInt(later) * 1_000_000n;
  const facts = { now, localNow: now - 250_000n, version: 180_004, isInRecovery: false, role: 'r' };
  const tables = read.map(({ policy, table, findings = [] }) => ({
    policy,
    state: { kind: 'partitioned', table } as const,
    plan: { table: policy.table, steps: [], findings, refused: [] },
  }));
  return event({ kind: 'snapshot-read', isWhole: true, facts, tables, durationMs: 1 }, database);
}

export function snapshot(policy: TablePolicy, table: PartitionedTable, findings: readonly Finding[] = []): ReconcileEvent {
  return snapshotOf([{ policy, table, findings }]);
}

const empty: PartitionStatistics = {
  heapBytes: 0,
  indexBytes: 0,
  toastBytes: 0,
  rows: -1,
  deadRows: 0,
  xidAge: 0,
  mxidAge: 0,
  vacuumedAt: 0,
  analyzedAt: 0,
};

/** Of the table of `policy`; partitions by oid. */
export function statisticsOf(
  policy: TablePolicy,
  partitions: Readonly<Record<string, Partial<PartitionStatistics>>>,
  changes: Partial<TableStatistics> = {},
): TableStatistics {
  return {
    table: policy.table,
    partitions: new Map(Object.entries(partitions).map(([oid, one]) => [oid, { ...empty, ...one }])),
    parentAnalyzedAt: 0,
    invalidIndexes: 0,
    drift: new Map(),
    ...changes,
  };
}

/** Samples by `name{label="value",...}` without the prefix, in the order of the exposition. */
export async function scrape(metrics: Metrics): Promise<ReadonlyMap<string, number>> {
  const lines = (await metrics.render(patientMs)).split('\n').filter((line) => line.startsWith(metricPrefix));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(metricPrefix.length, end), Number(line.slice(end + 1).replace('Inf', 'Infinity'))];
    }),
  );
}

/** Values of the label `partition` of one family, in the order of the exposition. */
export async function shownPartitions(metrics: Metrics, family = 'partition_size_bytes'): Promise<readonly string[]> {
  const names = [...(await scrape(metrics)).keys()].filter((name) => name.startsWith(`${family}{`));
  return names.map((name) => /partition="([^"]*)"/.exec(name)?.[1] ?? '');
}
