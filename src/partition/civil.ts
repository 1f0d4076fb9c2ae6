/**
 * Days of the proleptic Gregorian calendar as whole numbers, which is PostgreSQL's calendar too. Years are astronomical (0 = 1 BC).
 * Days are counted from 1970-01-01 and exact up to 2^53, so bounds are parsed without a calendar library, a hundred thousand per run.
 * Source: Howard Hinnant, "chrono-compatible low-level date algorithms"; postgresql.org/docs/18/datetime-appendix.html.
 */

export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

export const microsPerDay = 86_400_000_000n;

const daysPerEra = 146_097;
const daysFromEraStartToEpoch = 719_468;

/** Days since 1970-01-01. `month` must be 1 to 12; a `day` past the month's end runs on into the next month. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * daysPerEra + dayOfEra - daysFromEraStartToEpoch;
}

/** The inverse of `daysFromCivil`. */
export function civilFromDays(days: number): CivilDate {
  const shifted = days + daysFromEraStartToEpoch;
  const era = Math.floor(shifted / daysPerEra);
  const dayOfEra = shifted - era * daysPerEra;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** 28 to 31. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** ISO 8601 week (1 to 53) and the year it belongs to, which is the year of its Thursday. */
export function isoWeek(days: number): { readonly isoYear: number; readonly isoWeek: number } {
  const daysSinceMonday = days + 3 - Math.floor((days + 3) / 7) * 7;
  const thursday = days - daysSinceMonday + 3;
  const isoYear = civilFromDays(thursday).year;
  return { isoYear, isoWeek: Math.floor((thursday - daysFromCivil(isoYear, 1, 1)) / 7) + 1 };
}

/** Quotient rounded towards minus infinity; `divisor` > 0. BigInt division alone rounds towards zero. */
export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient;
}

/** Quotient rounded towards plus infinity; `divisor` > 0. */
export function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return -floorDivide(-dividend, divisor);
}
