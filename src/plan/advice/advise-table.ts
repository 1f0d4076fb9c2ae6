/**
 * What the sizes of a managed table's partitions say: how large and how even they are, how fast the table grows, whether another interval fits
 * better, and what a statement that prunes nothing must lock. Advice changes nothing and is no finding.
 */
import type { KeyProblem } from '../../partition/key.ts';
import { isRangePartition, type Partition, type PartitionedTable, type RangePartition } from '../../partition/partition.ts';
import type { TablePolicy } from '../../partition/policy.ts';
import { type EpochMicros, isPosition } from '../../partition/position.ts';
import { type Forecast, forecastSizes, type Present, type SizedPartition } from '../growth/forecast.ts';
import { median } from '../growth/median.ts';
import { calendarSeconds, presentOf } from '../growth/seconds.ts';
import { growthAt } from '../growth.ts';
import { holdOn } from '../retention.ts';
import { type Positions, positionsOf } from '../subject.ts';
import { type Arrival, adviseInterval } from './interval-advice.ts';
import { adviseLocks, type LockedRelations, type LockSettings } from './lock-advice.ts';
import type { GrowthAdvice, TableAdvice } from './table-advice.ts';

/** Bytes of one partition with all below it. */
export interface MeasuredSize {
  /** Of its rows alone: 0 when it has none. */
  readonly heap: number;
  /** With indexes and TOAST. */
  readonly total: number;
}

/** What is known of one table. */
export interface TableReading {
  readonly policy: TablePolicy;
  readonly table: PartitionedTable;
  /** Microseconds since 1970 UTC. */
  readonly now: EpochMicros;
  /** By oid; a partition that could not be measured is absent, and its estimate counts. */
  readonly sizes: ReadonlyMap<string, MeasuredSize>;
  readonly relations: LockedRelations;
  readonly lockSettings: LockSettings;
}

/** Fewer say nothing about tomorrow. */
export const fewestClosed = 3;

const day = 86_400;
/** Of integer keys, how many of the newest partitions tell what a key takes. */
const newestPartitions = 30;

/**
 * Advice about one table; the `KeyProblem` when policy and key do not fit. Growth, forecast and interval take three closed partitions that hold
 * something; integer keys have no growth, as they do not say when their rows came. Pure, throws nothing.
 */
export function adviseTable(reading: TableReading): TableAdvice | KeyProblem {
  const { policy, table, now, relations, lockSettings } = reading;
  const positions = positionsOf(policy, table, now);
  if ('problem' in positions) return positions;
  const closed = positions.lineup.ranges.filter((partition) => isClosed(partition, positions) && hasRows(partition, reading) === true);
  const isEnough = closed.length >= fewestClosed;
  const forecast = isEnough ? forecastOf(reading, positions) : null;
  const sizes = closed.map((partition) => bytesOf(partition, reading));
  const rows = closed.map(({ estimatedRows }) => estimatedRows).filter((estimate) => estimate >= 0);
  const middle = medianOf(sizes);
  const arrival = isEnough ? arrivalOf(reading, positions, closed, forecast) : null;
  return {
    axis: table.codec.axis,
    closedPartitions: closed.length,
    bytesPerInterval: middle,
    rowsPerInterval: medianOf(rows),
    growth: forecast === null ? null : growthAdvice(forecast),
    skew: middle === null ? null : sizes.reduce((most, size) => Math.max(most, size), 0) / middle,
    interval: arrival === null ? null : adviseInterval(policy, table.codec, arrival),
    locks: adviseLocks(relations, lockSettings),
  };
}

/** Rows of a foreign one are elsewhere. */
function isClosed({ bound, kind, isDetachPending }: RangePartition, { clock }: Positions): boolean {
  return kind !== 'foreign' && !isDetachPending && bound.to <= clock;
}

function bytesOf({ oid, estimatedBytes }: Partition, { sizes }: TableReading): number {
  return sizes.get(oid)?.total ?? estimatedBytes;
}

/** Null: not known. An estimate of nothing is that of a partition that was never analysed, or not since its rows came. */
function hasRows({ oid, estimatedBytes }: Partition, { sizes }: TableReading): boolean | null {
  const measured = sizes.get(oid);
  if (measured !== undefined) return measured.heap > 0;
  return estimatedBytes > 0 ? true : null;
}

function medianOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : median(values);
}

/** With where the table stands. */
type PresentForecast = Forecast & { readonly present: Present };

function forecastOf(reading: TableReading, positions: Positions): PresentForecast | null {
  const { policy, table, now } = reading;
  const { codec, holds } = table;
  const present = presentOf(policy, codec, positions.clock, now);
  if (present === null) return null;
  const others = table.partitions.filter((partition) => !isRangePartition(partition));
  const sized: readonly SizedPartition[] = [
    ...positions.lineup.ranges.map((partition) => ({
      from: calendarSeconds(codec, partition.bound.from),
      to: calendarSeconds(codec, partition.bound.to),
      bytes: bytesOf(partition, reading),
      hasRows: hasRows(partition, reading),
      isClosed: isClosed(partition, positions),
      isHeld: holdOn(holds, partition.bound) !== null,
    })),
    ...others.map((partition) => ({
      from: Number.NaN,
      to: Number.NaN,
      bytes: bytesOf(partition, reading),
      hasRows: null,
      isClosed: false,
      isHeld: false,
    })),
  ];
  const forecast = forecastSizes(sized, present);
  return forecast === null ? null : { ...forecast, present };
}

function growthAdvice({ growth, sizes, present: { now } }: PresentForecast): GrowthAdvice {
  const pace = growthAt(growth, now);
  return {
    bytesPerDay: pace * day,
    trendPerDay: (growthAt(growth, now + day) - pace) * day,
    season: growth.season?.kind ?? null,
    forecast: sizes,
  };
}

/** Null where nothing tells the pace. `closed` is not empty. */
function arrivalOf(
  reading: TableReading,
  positions: Positions,
  closed: readonly RangePartition[],
  forecast: PresentForecast | null,
): Arrival | null {
  const { codec } = reading.table;
  if (codec.axis === 'time') {
    if (forecast === null) return null;
    const { now, keepSeconds } = forecast.present;
    const starts = closed.map(({ bound }) => calendarSeconds(codec, bound.from)).filter((start) => !Number.isNaN(start));
    return {
      pace: growthAt(forecast.growth, now),
      covered: now - starts.reduce((least, start) => Math.min(least, start), now),
      kept: keepSeconds,
    };
  }
  return integerArrival(reading, positions, closed);
}

function integerArrival(reading: TableReading, { clock, window }: Positions, closed: readonly RangePartition[]): Arrival | null {
  const bounded = closed.flatMap((partition) => {
    const { from, to } = partition.bound;
    return isPosition(from) && isPosition(to) ? [{ from, pace: bytesOf(partition, reading) / Number(to - from) }] : [];
  });
  const [first] = bounded;
  if (first === undefined) return null;
  return {
    pace: median(bounded.slice(-newestPartitions).map(({ pace }) => pace)),
    covered: Number(clock - first.from),
    kept: window === null ? null : Number(clock - window.cutoff),
  };
}
