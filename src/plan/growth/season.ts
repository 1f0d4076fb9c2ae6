import { civilFromDays, daysFromCivil } from '../../partition/civil.ts';

/** What comes and goes with the days of the week or the months of the year. */
export interface Season {
  readonly kind: SeasonKind;
  /** By phase (day of the week from Monday, or month of the year, both from 0): times the pace of the trend; 1 in the middle, never negative. */
  readonly factors: ReadonlyMap<number, number>;
  /**
   * Seconds by which days begin earlier than in UTC, so that a daily partition of any time zone has its middle at noon: twelve hours from UTC it
   * would otherwise change its day with summer time.
   */
  readonly shift: number;
}

export type SeasonKind = 'week' | 'year';

/** The calendar of a season: units of time, numbered, each with its phase. Seconds since 1970. */
export interface SeasonCalendar {
  readonly phases: number;
  /** A partition as wide as this still is one unit: a day of 25 hours, a month of 31 days with such a one. */
  readonly widest: number;
  unitAt(seconds: number): number;
  startOf(unit: number): number;
  phaseOf(unit: number): number;
}

const day = 86_400;

export const seasonCalendars: Readonly<Record<SeasonKind, SeasonCalendar>> = {
  week: {
    phases: 7,
    widest: 25 * 3600,
    unitAt: (seconds) => Math.floor(seconds / day),
    startOf: (unit) => unit * day,
    // 1970-01-01 was a Thursday.
    phaseOf: (unit) => modulo(unit + 3, 7),
  },
  year: {
    phases: 12,
    widest: 31 * day + 3600,
    unitAt: (seconds) => {
      const { year, month } = civilFromDays(Math.floor(seconds / day));
      return year * 12 + month - 1;
    },
    startOf: (unit) => daysFromCivil(Math.floor(unit / 12), modulo(unit, 12) + 1, 1) * day,
    phaseOf: (unit) => modulo(unit, 12),
  },
};

/** Times the trend, at `seconds`; 1 for a phase that was hardly ever seen. */
export function seasonFactor({ kind, factors, shift }: Season, seconds: number): number {
  const calendar = seasonCalendars[kind];
  return factors.get(calendar.phaseOf(calendar.unitAt(seconds + shift))) ?? 1;
}

/** Where the factor may change between `from` and `to`, both excluded; ascending. */
export function seasonBounds({ kind, shift }: Season, from: number, to: number): readonly number[] {
  const calendar = seasonCalendars[kind];
  const bounds: number[] = [];
  for (let unit = calendar.unitAt(from + shift) + 1; ; unit += 1) {
    const bound = calendar.startOf(unit) - shift;
    if (bound >= to) return bounds;
    bounds.push(bound);
  }
}

function modulo(dividend: number, divisor: number): number {
  return dividend - Math.floor(dividend / divisor) * divisor;
}
