import { groupBy } from '../group-by.ts';
import type { ClosedPartition } from './closed-partition.ts';
import { median } from './median.ts';
import { type Season, type SeasonCalendar, type SeasonKind, seasonCalendars } from './season.ts';
import { fitTrend } from './trend.ts';

/** A season, and what was seen with the season taken out of it: what is left to the trend. Oldest first. */
export interface FoundSeason {
  readonly season: Season;
  readonly steady: readonly ClosedPartition[];
}

interface CycleLimits {
  /** Cycles: fewer show chance; what is longer ago was another application. */
  readonly fewest: number;
  readonly most: number;
  /** Of one cycle. */
  readonly seconds: number;
  /** With the season the error must be at most this share of that of the trend alone. */
  readonly worthwhile: number;
}

/** In series of noise, 0.75 found a season of the week in 1 of 300 (eight weeks long) and one of the year in 1 of 130 (two years); these in 1 of 3,000. */
const cycleLimits: Readonly<Record<SeasonKind, CycleLimits>> = {
  week: { fewest: 8, most: 26, seconds: 7 * 86_400, worthwhile: 0.65 },
  year: { fewest: 2, most: 10, seconds: 366 * 86_400, worthwhile: 0.6 },
};

/** A trend that misses by less than this share of the pace needs no season. */
const goodEnough = 0.02;
/** Bytes of a day on which next to nothing comes say next to nothing about the trend: there the level is taken for them. */
const leastDivisor = 0.1;

/**
 * The season of `closed` (oldest first, `newest` the last of them); null where there is none worth having. By month of the year when the partitions are a
 * month or shorter and two whole years of them were seen, else by day of the week when they are a day or shorter and eight whole weeks were
 * seen; shorter ones are summed. With both, the year: whole weeks hardly feel the days.
 * Rule: each cycle is predicted by the trend times the medians of all *other* cycles, so that noise, which does not come again, makes it
 * worse. Against the trend alone, the mean error in the middle cycle must fall by 35 % or more (by 40 % for the few cycles that years are), and
 * the trend must miss by 2 % or more.
 * Pure, throws nothing.
 */
export function findSeason(closed: readonly ClosedPartition[], newest: ClosedPartition): FoundSeason | null {
  return seasonOf('year', closed, newest) ?? seasonOf('week', closed, newest);
}

/** What came in one unit of the calendar; `y` in bytes per second, `x` its middle in seconds before the end of all. */
interface Unit extends ClosedPartition {
  readonly unit: number;
  readonly phase: number;
  readonly cycle: number;
  readonly x: number;
  readonly y: number;
}

/** A unit beside what the trend alone expects of it. */
interface Seen extends Unit {
  readonly level: number;
}

function seasonOf(kind: SeasonKind, closed: readonly ClosedPartition[], newest: ClosedPartition): FoundSeason | null {
  const calendar = seasonCalendars[kind];
  const { most, seconds, worthwhile } = cycleLimits[kind];
  const tooOld = newest.to - most * seconds;
  const narrow = closed.slice(closed.findLastIndex(({ from, to }) => to - from > calendar.widest || from < tooOld) + 1);
  const shift = kind === 'week' ? shiftOf(newest) : 0;
  const { units, cycles } = wholeCycles(kind, unitsOf(calendar, narrow, shift, newest.to));
  // So that of some phase at least two were seen, and most cycles can be compared.
  if (units.length * 2 <= cycles * calendar.phases) return null;
  const seen = levelled(units);
  if (seen === null || !isWorthwhile(seen, newest.to, worthwhile)) return null;
  const medians = [...groupBy(seen, ({ phase }) => phase)].flatMap(([phase, of]): [number, number][] =>
    of.length < 2 ? [] : [[phase, median(of.map(ratio))]],
  );
  const mean = medians.reduce((sum, [, factor]) => sum + factor / medians.length, 0);
  const factors = new Map(medians.map(([phase, factor]) => [phase, factor / mean]));
  const steady = seen.map(({ from, to, phase, y, level }) => {
    const factor = factors.get(phase) ?? 1;
    // The level is that of a factor before the mean was taken out.
    return { from, to, bytes: (factor < leastDivisor ? level * mean : y / factor) * (to - from) };
  });
  return { season: { kind, factors, shift }, steady };
}

/** Puts the middle of a partition of about a day at noon; shorter ones are counted by days of UTC. */
function shiftOf({ from, to }: ClosedPartition): number {
  const middle = (from + to) / 2;
  return to - from > 43_200 ? 43_200 - (middle - Math.floor(middle / 86_400) * 86_400) : 0;
}

/** Units of which at least half was seen. */
function unitsOf(calendar: SeasonCalendar, closed: readonly ClosedPartition[], shift: number, end: number): readonly Unit[] {
  const groups = groupBy(closed, ({ from, to }) => calendar.unitAt((from + to) / 2 + shift));
  return [...groups].flatMap(([unit, members]) => {
    const seconds = members.reduce((sum, { from, to }) => sum + to - from, 0);
    if (seconds * 2 < calendar.startOf(unit + 1) - calendar.startOf(unit)) return [];
    const [{ from }] = members;
    const to = members.reduce((latest, one) => Math.max(latest, one.to), from);
    const bytes = members.reduce((sum, one) => sum + one.bytes, 0);
    return [{ unit, phase: calendar.phaseOf(unit), cycle: 0, from, to, bytes, x: (from + to) / 2 - end, y: bytes / seconds }];
  });
}

/** The newest whole cycles, counted back from the newest unit; empty when they are too few. */
function wholeCycles(kind: SeasonKind, units: readonly Unit[]): { readonly units: readonly Unit[]; readonly cycles: number } {
  const none = { units: [], cycles: 0 };
  const first = units.at(0);
  const last = units.at(-1);
  if (first === undefined || last === undefined) return none;
  const { fewest, most } = cycleLimits[kind];
  const { phases } = seasonCalendars[kind];
  const cycles = Math.min(most, Math.floor((last.unit - first.unit + 1) / phases));
  if (cycles < fewest) return none;
  const start = last.unit + 1 - cycles * phases;
  const within = units.filter(({ unit }) => unit >= start);
  return { cycles, units: within.map((unit) => ({ ...unit, cycle: Math.floor((unit.unit - start) / phases) })) };
}

/**
 * Slopes are those between units of the same phase, which no season bends (the seasonal estimator of Hirsch, Slack and Smith, "Techniques of
 * trend analysis for monthly water quality data", 1982). Null where that line reaches nothing: factors of nothing mean nothing.
 */
function levelled(units: readonly Unit[]): readonly Seen[] | null {
  const phases = [...groupBy(units, ({ phase }) => phase).values()];
  const slope = median(phases.flatMap((of) => of.flatMap((a, i) => of.slice(i + 1).map((b) => (b.y - a.y) / (b.x - a.x)))));
  const base = median(units.map(({ x, y }) => y - slope * x));
  const seen = units.map((unit) => ({ ...unit, level: base + slope * unit.x }));
  return seen.some(({ level }) => level <= 0) ? null : seen;
}

function isWorthwhile(seen: readonly Seen[], end: number, share: number): boolean {
  const { pace, slope } = fitTrend(seen, end);
  const alone = middleError(seen.map((one) => missedBy(one, pace + slope * one.x)));
  const seasonal = middleError(
    [...groupBy(seen, ({ phase }) => phase).values()].flatMap((of) =>
      of.map((one) => {
        const others = of.filter((other) => other.cycle !== one.cycle).map(ratio);
        return missedBy(one, one.level * (others.length === 0 ? 1 : median(others)));
      }),
    ),
  );
  return alone >= goodEnough * median(seen.map(({ y }) => y)) && seasonal <= share * alone;
}

interface Miss {
  readonly cycle: number;
  readonly error: number;
}

function missedBy({ cycle, y }: Seen, predicted: number): Miss {
  return { cycle, error: Math.abs(y - predicted) };
}

/** The mean error of the middle cycle: one bad week says nothing, one bad day of each week does. */
function middleError(misses: readonly Miss[]): number {
  const cycles = [...groupBy(misses, ({ cycle }) => cycle).values()];
  return median(cycles.map((of) => of.reduce((sum, { error }) => sum + error / of.length, 0)));
}

function ratio({ y, level }: Seen): number {
  return y / level;
}
