import type { Partition, PartitionedTable } from '../../partition/partition.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { Coverage } from '../../plan/coverage.ts';
import { calendarSeconds } from '../../plan/growth/seconds.ts';
import { type TextColumn, textColumn } from './text-column.ts';

/** What is kept of the partitions of one table, aligned with one another: some 100 bytes for each rather than a kilobyte of objects. */
export interface PartitionColumns {
  readonly count: number;
  readonly oids: TextColumn;
  /** Values of the label `partition`. */
  readonly labels: TextColumn;
  /** Estimates of the catalog: rows (-1: never analysed) and bytes. */
  readonly rows: Float64Array;
  readonly bytes: Float64Array;
  /** Attached, with its rows here, and before the present of the key: nothing new is expected in it. 1 or 0. */
  readonly isClosed: Uint8Array;
  /** Of `ranks`; 0 for ordinary ones. */
  readonly rank: Uint8Array;
  /** The range in seconds on the key's calendar; NaN for integer keys and where there is no end. */
  readonly from: Float64Array;
  readonly to: Float64Array;
}

/** Partitions that always have series of their own; the greatest go first. */
export const ranks = { ordinary: 0, held: 1, default: 2, next: 3, current: 4 } as const;

/** `coverage` null: the policy does not fit the key, so that nothing is known of past and present. Pure. */
export function partitionColumns(table: PartitionedTable, coverage: Coverage | null): PartitionColumns {
  const { partitions, codec } = table;
  const special = specialPartitions(partitions, coverage);
  const number = (value: (partition: Partition) => number): Float64Array => Float64Array.from(partitions, value);
  const flag = (value: (partition: Partition) => number): Uint8Array => Uint8Array.from(partitions, value);
  return {
    count: partitions.length,
    oids: textColumn(partitions.map(({ oid }) => oid)),
    labels: textColumn(partitions.map(({ name }) => partitionLabel(name, table.name))),
    rows: number(({ estimatedRows }) => estimatedRows),
    bytes: number(({ estimatedBytes }) => estimatedBytes),
    isClosed: flag((partition) => (coverage !== null && isClosed(partition, coverage) ? 1 : 0)),
    rank: flag(({ oid }) => special.get(oid) ?? ranks.ordinary),
    from: number(({ bound }) => (bound.kind === 'range' ? calendarSeconds(codec, bound.from) : Number.NaN)),
    to: number(({ bound }) => (bound.kind === 'range' ? calendarSeconds(codec, bound.to) : Number.NaN)),
  };
}

function specialPartitions(partitions: readonly Partition[], coverage: Coverage | null): ReadonlyMap<string, number> {
  const special = new Map<string, number>();
  for (const { oid } of coverage?.held ?? []) special.set(oid, ranks.held);
  const [next] = coverage?.future ?? [];
  const standard = partitions.find(({ bound }) => bound.kind === 'default');
  if (standard !== undefined) special.set(standard.oid, ranks.default);
  if (next !== undefined) special.set(next.oid, ranks.next);
  if (coverage !== null && coverage.current !== null) special.set(coverage.current.oid, ranks.current);
  return special;
}

function isClosed({ bound, kind, isDetachPending }: Partition, { position }: Coverage): boolean {
  return bound.kind === 'range' && kind !== 'foreign' && !isDetachPending && bound.to <= position;
}

/** The bare name in the table's own schema, the qualified one elsewhere: unique within the table. */
export function partitionLabel(name: QualifiedName, table: QualifiedName): string {
  return name.schema === table.schema ? name.name : formatQualifiedName(name);
}
