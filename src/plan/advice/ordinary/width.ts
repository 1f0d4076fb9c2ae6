import { createGrid } from '../../../partition/grid.ts';
import type { Interval } from '../../../partition/interval.ts';
import type { KeyCodec } from '../../../partition/key.ts';
import type { EpochMicros, Position } from '../../../partition/position.ts';
import { believableBacklog } from '../../provision.ts';
import type { KeyKind } from './key-kind.ts';
import type { KeyRange } from './key-range.ts';

/** How wide partitions should be, and what that makes. */
export interface Width {
  readonly interval: Interval;
  readonly premake: number;
  /** First bound, and how many partitions from there; null when the column's range is not known, or too long. */
  readonly lineup: { readonly from: Position; readonly partitions: number } | null;
}

/** What the widths are chosen for. */
export interface Goal {
  /** What a partition should stay under. */
  readonly targetBytes: number;
  /** Microseconds since 1970 UTC. */
  readonly now: EpochMicros;
}

interface Choice {
  readonly interval: Interval;
  readonly premake: number;
}

interface TimeChoice extends Choice {
  readonly seconds: number;
}

const day = 86_400;
const year = 31_556_952;
const quarterOrMore: readonly TimeChoice[] = [
  { interval: { kind: 'calendar', count: 1, unit: 'year' }, seconds: year, premake: 1 },
  { interval: { kind: 'calendar', count: 1, unit: 'quarter' }, seconds: year / 4, premake: 2 },
];
const month: TimeChoice = { interval: { kind: 'calendar', count: 1, unit: 'month' }, seconds: year / 12, premake: 3 };
const week: TimeChoice = { interval: { kind: 'calendar', count: 1, unit: 'week' }, seconds: 7 * day, premake: 4 };
const daily: TimeChoice = { interval: { kind: 'calendar', count: 1, unit: 'day' }, seconds: day, premake: 14 };
const hourly: TimeChoice = { interval: { kind: 'calendar', count: 1, unit: 'hour' }, seconds: 3600, premake: 72 };

/** From wide to narrow; ahead at least a few days, so that a weekend without partitiond does no harm. */
interface TimeChoices {
  readonly wider: readonly TimeChoice[];
  readonly narrowest: TimeChoice;
}

/** For a table that is no larger than one partition may be: what came in hours is no pace for years. */
const smallChoices: TimeChoices = { wider: quarterOrMore, narrowest: month };
const dateChoices: TimeChoices = { wider: [...quarterOrMore, month, week], narrowest: daily };
const timeChoices: TimeChoices = { wider: [...quarterOrMore, month, week, daily], narrowest: hourly };
const unknownStep = 10_000_000n;
const integerPremake = 4;

/**
 * The widest usual interval with which a partition stays under the target, where most of the rows are, and with which `plan` makes all partitions
 * from the first row to now; a month, or ten million keys, when the statistics say nothing. Pure, throws nothing.
 */
export function chooseWidth(key: KeyKind, type: string, range: KeyRange | null, bytes: number, { targetBytes, now }: Goal): Width {
  // Bytes per unit of the image.
  const pace = range === null || range.density === null ? null : bytes * range.density;
  if (key.kind === 'integer') {
    const choice = integerChoice(key.codec, range, pace, targetBytes);
    return { ...choice, lineup: range === null ? null : lineup(choice.interval, key.codec, range, range.main.to) };
  }
  const usual = bytes <= targetBytes ? smallChoices : type === 'date' ? dateChoices : timeChoices;
  const choice = timeChoice(key.codec, usual, pace, targetBytes);
  if (range !== null) {
    const present = key.codec.positionOf(now);
    const all = [...usual.wider, usual.narrowest];
    for (const { interval, premake } of all.slice(0, all.indexOf(choice) + 1).toReversed()) {
      const found = lineup(interval, key.codec, range, present);
      if (found !== null) return { interval, premake, lineup: found };
    }
  }
  return { interval: choice.interval, premake: choice.premake, lineup: null };
}

function timeChoice(codec: KeyCodec, { wider, narrowest }: TimeChoices, pace: number | null, targetBytes: number): TimeChoice {
  if (pace === null) return month;
  // A unit of the image is a day, a microsecond, or of an identifier far less: so a day is measured.
  const unitsPerDay = Number(codec.fromCalendar(BigInt(day) * 1_000_000n) - codec.fromCalendar(0n));
  const fits = ({ seconds }: TimeChoice): boolean => (pace * unitsPerDay * seconds) / day <= targetBytes;
  return wider.find(fits) ?? narrowest;
}

function integerChoice(codec: KeyCodec, range: KeyRange | null, pace: number | null, targetBytes: number): Choice {
  if (range === null || pace === null) return { interval: { kind: 'integer', step: unknownStep }, premake: integerPremake };
  const unit = Number(codec.parse('1'));
  const [fitting, length] = [targetBytes / (pace * unit), Number(range.main.to - range.main.from) / unit];
  // Nobody wants one partition for all time, however small the table is, nor more than `plan` makes; rounding takes less than two thirds off.
  const keys = Math.max(Math.min(fitting, length), (3 * length) / believableBacklog);
  return { interval: { kind: 'integer', step: roundStep(keys) }, premake: integerPremake };
}

/** The greatest of 1, 2, 5, 10, 20, ... that is not above `keys`; at least 1. */
function roundStep(keys: number): bigint {
  if (keys < 2) return 1n;
  const power = Math.floor(Math.log10(keys));
  const lead = keys / 10 ** power;
  return (lead >= 5 ? 5n : lead >= 2 ? 2n : 1n) * 10n ** BigInt(power);
}

/** Null when interval and key do not fit, or when the partitions until `present` or the last row were more than `plan` makes. */
function lineup(interval: Interval, codec: KeyCodec, { main }: KeyRange, present: Position): Width['lineup'] {
  const grid = createGrid(interval, codec);
  if ('problem' in grid) return null;
  const floor = grid.floor(main.from);
  const from = floor < codec.min ? codec.min : floor;
  let bound = grid.next(from);
  let partitions = 1;
  for (; bound <= main.to && partitions <= believableBacklog; partitions += 1) bound = grid.next(bound);
  let all = partitions;
  for (; bound <= present && all <= believableBacklog; all += 1) bound = grid.next(bound);
  return all > believableBacklog ? null : { from, partitions };
}
