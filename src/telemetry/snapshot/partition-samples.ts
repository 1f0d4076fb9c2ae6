import type { PartitionFamily } from '../metric-catalogue.ts';
import { type GaugeSample, gaugeSamples } from './gauge-sample.ts';
import type { Measures } from './measured-samples.ts';
import type { PartitionColumns } from './partition-columns.ts';
import type { StatisticsColumns } from './statistics-columns.ts';
import { textAt } from './text-column.ts';

/** Takes the place of all partitions without series of their own, so that the sum over `partition` stays the table's. */
const otherPartitions = '_other';

/** Series of each partition that is shown, and of `_other`. */
export const seriesPerPartition = 4;

/** The partitions `shown` (indexes) and `_other`. What only a collection knows is absent until the partition was measured. Pure. */
export function partitionSamples(
  columns: PartitionColumns,
  statistics: StatisticsColumns | null,
  { bytes, rows }: Measures,
  shown: readonly number[],
): readonly GaugeSample[] {
  const { samples, add } = gaugeSamples();
  const isShown = new Uint8Array(columns.count);
  for (const index of shown) isShown[index] = 1;
  const labels = shown.map((index) => ({ partition: textAt(columns.labels, index) }));
  const family = (name: PartitionFamily, values: Float64Array, rest: (a: number, b: number) => number): void => {
    for (const [place, index] of shown.entries()) {
      const value = values[index] ?? Number.NaN;
      if (!Number.isNaN(value)) add(name, value, labels[place]);
    }
    const others = values.filter((_, index) => isShown[index] !== 1);
    const measured = others.filter((value) => !Number.isNaN(value));
    if (measured.length > 0 || others.length === 0) add(name, measured.reduce(rest, 0), { partition: otherPartitions });
  };
  const plus = (a: number, b: number): number => a + b;
  family('partition_size_bytes', bytes, plus);
  family('partition_rows', rows, plus);
  if (statistics === null) return samples;
  family('partition_dead_rows', statistics.deadRows, plus);
  family('partition_xid_age_transactions', statistics.xidAge, (a, b) => Math.max(a, b));
  return samples;
}
