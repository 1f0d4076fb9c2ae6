import type { Drift, PartitionStatistics, TableStatistics } from '../../reconcile/table-statistics.ts';
import type { PartitionColumns } from './partition-columns.ts';
import { columnValues } from './text-column.ts';

type Field = keyof PartitionStatistics;

/** What collections have learned of one table, aligned with its `PartitionColumns`; NaN where a partition was never measured. */
export interface StatisticsColumns extends Readonly<Record<Field, Float64Array>> {
  /** Null: not read yet. */
  readonly parentAnalyzedAt: number | null;
  readonly invalidIndexes: number | null;
  readonly drift: ReadonlyMap<Drift, number> | null;
}

/** `fresh` over what was known: a partition that was locked away this time keeps its last values. */
export function mergeStatistics(known: StatisticsColumns | null, fresh: TableStatistics, columns: PartitionColumns): StatisticsColumns {
  const found = columnValues(columns.oids).map((oid) => fresh.partitions.get(oid));
  const { parentAnalyzedAt, invalidIndexes, drift } = fresh;
  const merged = eachField((field) => {
    const before = known?.[field];
    return Float64Array.from(found, (one, index) => one?.[field] ?? before?.[index] ?? Number.NaN);
  });
  return { ...merged, parentAnalyzedAt, invalidIndexes, drift };
}

/** `known`, which is aligned with `before`, aligned with `after`: partitions that are gone are forgotten, new ones are not measured yet. */
export function realign(known: StatisticsColumns, before: PartitionColumns, after: PartitionColumns): StatisticsColumns {
  if (before.oids.text === after.oids.text) return known;
  const places = new Map(columnValues(before.oids).map((oid, index) => [oid, index]));
  const sources = columnValues(after.oids).map((oid) => places.get(oid) ?? -1);
  return { ...known, ...eachField((field) => Float64Array.from(sources, (source) => known[field][source] ?? Number.NaN)) };
}

function eachField(column: (field: Field) => Float64Array): Record<Field, Float64Array> {
  return {
    heapBytes: column('heapBytes'),
    indexBytes: column('indexBytes'),
    toastBytes: column('toastBytes'),
    rows: column('rows'),
    deadRows: column('deadRows'),
    xidAge: column('xidAge'),
    mxidAge: column('mxidAge'),
    vacuumedAt: column('vacuumedAt'),
    analyzedAt: column('analyzedAt'),
  };
}
