import { forecastSizes, type SizedPartition } from '../../plan/growth/forecast.ts';
import { median } from '../../plan/growth/median.ts';
import { growthAt } from '../../plan/growth.ts';
import type { Drift } from '../../reconcile/table-statistics.ts';
import { type AddGauge, type GaugeSample, gaugeSamples } from './gauge-sample.ts';
import { type PartitionColumns, ranks } from './partition-columns.ts';
import type { StatisticsColumns } from './statistics-columns.ts';
import type { TableView } from './table-view.ts';

/** Sizes and rows of partitions as they are known best: measured where that was done, else the catalog's estimates. */
export interface Measures {
  readonly bytes: Float64Array;
  /** Of the rows alone, 0 where there are none; NaN: nobody knows. */
  readonly heapBytes: Float64Array;
  /** NaN: nobody knows. */
  readonly rows: Float64Array;
}

export function measure(columns: PartitionColumns, statistics: StatisticsColumns | null): Measures {
  if (statistics === null) return { bytes: columns.bytes, heapBytes: columns.bytes.map(estimated), rows: columns.rows.map(known) };
  const { heapBytes, indexBytes, toastBytes, rows } = statistics;
  return {
    bytes: columns.bytes.map((estimate, i) => {
      const measured = (heapBytes[i] ?? 0) + (indexBytes[i] ?? 0) + (toastBytes[i] ?? 0);
      return Number.isNaN(measured) ? estimate : measured;
    }),
    heapBytes: columns.bytes.map((estimate, i) => {
      const measured = heapBytes[i] ?? Number.NaN;
      return Number.isNaN(measured) ? estimated(estimate) : measured;
    }),
    // A negative number of rows and NaN: nobody has counted.
    rows: columns.rows.map((estimate, i) => ((rows[i] ?? -1) >= 0 ? (rows[i] ?? 0) : known(estimate))),
  };
}

/** A negative estimate: never analysed. */
function known(estimate: number): number {
  return estimate < 0 ? Number.NaN : estimate;
}

/** An estimate of nothing: never analysed, or not since the rows came. */
function estimated(bytes: number): number {
  return bytes > 0 ? bytes : Number.NaN;
}

/** The gauges of one table that need sizes. Those that only a collection knows are absent until there was one. Pure. */
export function measuredSamples(view: TableView, statistics: StatisticsColumns | null, measures: Measures): readonly GaugeSample[] {
  const { samples, add } = gaugeSamples();
  const columns = view.partitions;
  if (columns === null) return samples;
  add('table_rows', sum(measures.rows));
  const standard = columns.rank.indexOf(ranks.default);
  add('table_default_partition_bytes', measures.bytes[standard] ?? null);
  if (statistics !== null) addStatistics(add, statistics);
  addSpread(add, columns, measures);
  addForecast(add, view, columns, measures);
  return samples;
}

const drifts: readonly Drift[] = ['owner', 'acl', 'index', 'constraint', 'storage', 'replica-identity'];

function addStatistics(add: AddGauge, statistics: StatisticsColumns): void {
  for (const component of ['heap', 'index', 'toast'] as const) add('table_size_bytes', sum(statistics[`${component}Bytes`]), { component });
  add('table_dead_rows', sum(statistics.deadRows));
  add('table_oldest_xid_age_transactions', greatest(statistics.xidAge));
  add('table_oldest_mxid_age_transactions', greatest(statistics.mxidAge));
  add('table_oldest_vacuum_timestamp_seconds', least(statistics.vacuumedAt));
  add('table_oldest_analyze_timestamp_seconds', least(statistics.analyzedAt));
  add('table_parent_analyze_timestamp_seconds', statistics.parentAnalyzedAt);
  add('table_invalid_indexes', statistics.invalidIndexes);
  if (statistics.drift !== null) for (const drift of drifts) add('table_drifted_partitions', statistics.drift.get(drift) ?? 0, { drift });
}

/** Of closed partitions with rows, as advice counts them (plan/advice/advise-table.ts). */
function addSpread(add: AddGauge, columns: PartitionColumns, { bytes, heapBytes }: Measures): void {
  const closed = bytes.filter((_, i) => columns.isClosed[i] === 1 && (heapBytes[i] ?? 0) > 0);
  if (closed.length === 0) return;
  const [middle, max] = [median(closed), greatest(closed) ?? 0];
  add('table_partition_size_median_bytes', middle);
  add('table_partition_size_max_bytes', max);
  add('table_size_skew_ratio', max / middle);
}

/** What is there, and what will come, less what will have left by then; a season is in the forecast, not in the pace. */
function addForecast(add: AddGauge, { present }: TableView, columns: PartitionColumns, measures: Measures): void {
  if (present === null) return;
  const forecast = forecastSizes(sizedPartitions(columns, measures), present);
  if (forecast === null) return;
  add('table_growth_bytes_per_second', growthAt(forecast.growth, present.now));
  for (const size of forecast.sizes) add('table_forecast_size_bytes', size.bytes, { horizon: `${size.days}d` });
}

function sizedPartitions({ isClosed, rank, from, to }: PartitionColumns, { bytes, heapBytes }: Measures): readonly SizedPartition[] {
  return Array.from(bytes, (size, i) => ({
    from: from[i] ?? Number.NaN,
    to: to[i] ?? Number.NaN,
    bytes: size,
    hasRows: rowsIn(heapBytes[i] ?? Number.NaN),
    isClosed: isClosed[i] === 1,
    isHeld: rank[i] === ranks.held,
  }));
}

function rowsIn(heapBytes: number): boolean | null {
  return Number.isNaN(heapBytes) ? null : heapBytes > 0;
}

/** Of what was measured; null when nothing was although there is something. */
function sum(values: Float64Array): number | null {
  if (values.length > 0 && values.every(Number.isNaN)) return null;
  return values.reduce((total, value) => (Number.isNaN(value) ? total : total + value), 0);
}

/** Null when nothing was measured. */
function greatest(values: Float64Array): number | null {
  const most = values.reduce((found, value) => (value > found ? value : found), Number.NEGATIVE_INFINITY);
  return Number.isFinite(most) ? most : null;
}

function least(values: Float64Array): number | null {
  const smallest = values.reduce((found, value) => (value < found ? value : found), Number.POSITIVE_INFINITY);
  return Number.isFinite(smallest) ? smallest : null;
}
