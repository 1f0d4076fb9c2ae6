import { createGrid } from '../../../partition/grid.ts';
import type { CalendarInterval, Interval } from '../../../partition/interval.ts';
import type { KeyCodec } from '../../../partition/key.ts';
import type { Position } from '../../../partition/position.ts';
import type { KeyKind } from './key-kind.ts';
import type { KeyRange } from './key-range.ts';

/** How wide partitions should be, and what that makes. */
export interface Width {
  readonly interval: Interval;
  readonly premake: number;
  /** First bound, and how many partitions from there; null when the column's range is not known. */
  readonly lineup: { readonly from: Position; readonly partitions: number } | null;
}

interface Choice {
  readonly interval: CalendarInterval;
  readonly seconds: number;
  readonly premake: number;
}

const day = 86_400;
const year = 31_556_952;
/** From wide to narrow; ahead at least a few days, so that a weekend without partitiond does no harm. */
const choices: readonly Choice[] = [
  { interval: { kind: 'calendar', count: 1, unit: 'year' }, seconds: year, premake: 1 },
  { interval: { kind: 'calendar', count: 1, unit: 'quarter' }, seconds: year / 4, premake: 2 },
  { interval: { kind: 'calendar', count: 1, unit: 'month' }, seconds: year / 12, premake: 3 },
  { interval: { kind: 'calendar', count: 1, unit: 'week' }, seconds: 7 * day, premake: 4 },
];
const daily: Choice = { interval: { kind: 'calendar', count: 1, unit: 'day' }, seconds: day, premake: 14 };
const hourly: Choice = { interval: { kind: 'calendar', count: 1, unit: 'hour' }, seconds: 3600, premake: 72 };
const unknownTime: Choice = { interval: { kind: 'calendar', count: 1, unit: 'month' }, seconds: year / 12, premake: 3 };
const unknownStep = 10_000_000n;
const integerPremake = 4;
/** Beyond that many the count is an estimate. */
const mostCounted = 10_000;

/**
 * The widest usual interval with which a partition stays under `targetBytes`, where most of the rows are; a month, or ten million keys, when
 * the statistics say nothing. Pure, throws nothing.
 */
export function chooseWidth(key: KeyKind, type: string, range: KeyRange | null, bytes: number, targetBytes: number): Width {
  // Bytes per unit of the image.
  const pace = range === null || range.density === null ? null : bytes * range.density;
  const { interval, premake } =
    key.kind === 'integer' ? integerChoice(key.codec, range, pace, targetBytes) : timeChoice(key.codec, type, pace, targetBytes);
  return { interval, premake, lineup: range === null ? null : lineup(interval, key.codec, range) };
}

function timeChoice(codec: KeyCodec, type: string, pace: number | null, targetBytes: number): Pick<Width, 'interval' | 'premake'> {
  if (pace === null) return unknownTime;
  // A unit of the image is a day, a microsecond, or of an identifier far less: so a day is measured.
  const unitsPerDay = Number(codec.fromCalendar(BigInt(day) * 1_000_000n) - codec.fromCalendar(0n));
  const fits = ({ seconds }: Choice): boolean => (pace * unitsPerDay * seconds) / day <= targetBytes;
  return [...choices, ...(type === 'date' ? [] : [daily])].find(fits) ?? (type === 'date' ? daily : hourly);
}

function integerChoice(
  codec: KeyCodec,
  range: KeyRange | null,
  pace: number | null,
  targetBytes: number,
): Pick<Width, 'interval' | 'premake'> {
  if (range === null || pace === null) return { interval: { kind: 'integer', step: unknownStep }, premake: integerPremake };
  const unit = Number(codec.parse('1'));
  const [fitting, length] = [targetBytes / (pace * unit), Number(range.main.to - range.main.from) / unit];
  // Nobody wants one partition for all time, however small the table is.
  return { interval: { kind: 'integer', step: roundStep(Math.min(fitting, length)) }, premake: integerPremake };
}

/** The greatest of 1, 2, 5, 10, 20, ... that is not above `keys`; at least 1. */
function roundStep(keys: number): bigint {
  if (keys < 2) return 1n;
  const power = Math.floor(Math.log10(keys));
  const lead = keys / 10 ** power;
  return (lead >= 5 ? 5n : lead >= 2 ? 2n : 1n) * 10n ** BigInt(power);
}

function lineup(interval: Interval, codec: KeyCodec, { main }: KeyRange): Width['lineup'] {
  const grid = createGrid(interval, codec);
  if ('problem' in grid) return null;
  const from = grid.floor(main.from);
  let [bound, partitions] = [grid.next(from), 1];
  for (; bound <= main.to && partitions < mostCounted; partitions++) bound = grid.next(bound);
  if (bound <= main.to) partitions = Math.ceil((Number(main.to - from) / Number(bound - from)) * partitions);
  return { from, partitions };
}
