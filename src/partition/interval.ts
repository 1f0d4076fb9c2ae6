/**
 * The width of partitions, as the policy states it. Time keys take a calendar interval, integer keys a step.
 * `quarter` is kept as a unit of its own because the default name template depends on it.
 */
export type IntervalUnit = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';

export interface CalendarInterval {
  readonly kind: 'calendar';
  readonly count: number;
  readonly unit: IntervalUnit;
}

export interface IntegerInterval {
  readonly kind: 'integer';
  readonly step: bigint;
}

export type Interval = CalendarInterval | IntegerInterval;

/** Calendar time such as `12 quarters` or `7 days`, or a distance of an integer key. Used by `keep` and `grace`. Not negative. */
export type Span =
  | { readonly kind: 'calendar'; readonly months: number; readonly days: number; readonly micros: bigint }
  | { readonly kind: 'integer'; readonly distance: bigint };

const units: readonly IntervalUnit[] = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];
const monthsOf: Readonly<Partial<Record<IntervalUnit, number>>> = { month: 1, quarter: 3, year: 12 };
const daysOf: Readonly<Partial<Record<IntervalUnit, number>>> = { day: 1, week: 7 };
const minutesOf: Readonly<Partial<Record<IntervalUnit, number>>> = { minute: 1, hour: 60 };

/** What people write instead of a unit, and the unit they mean. `m` and `s` alone are too ambiguous to be guessed. */
const aliases: ReadonlyMap<string, string> = new Map(
  Object.entries({
    minute: 'min mins minutely',
    hour: 'h hr hrs hourly',
    day: 'd dy daily',
    week: 'w wk wks weekly',
    month: 'mo mon mons monthly',
    quarter: 'q qtr qtrs quarterly',
    year: 'y yr yrs yearly annually',
  }).flatMap(([unit, words]) => words.split(' ').map((word): [string, string] => [word, unit])),
);

/** A thousand years: wider partitions are mistakes, and narrower ones keep all arithmetic exact. */
const maxDays = 365_243;

/**
 * `1 quarter`, `15 minutes` (any case, singular or plural) or a whole number as the step of an integer key. Throws `RangeError` with a
 * sentence that names the nearest right form.
 */
export function parseInterval(value: string | number): Interval {
  const step = parseWhole(value);
  if (step !== null) {
    if (step === 0n) throw new RangeError('0 is no interval; it must be at least 1');
    return { kind: 'integer', step };
  }
  const parts = parseParts(String(value));
  const [part] = parts;
  if (part === undefined || parts.length > 1) throw new RangeError(`"${value}" is no interval: one number and one unit, such as 1 month`);
  if (part.count === 0) throw new RangeError(`"${value}" is no interval; it must be at least 1 ${part.unit}`);
  return { kind: 'calendar', ...part };
}

/** `1 month`, `3 quarters`, or the step's digits; the inverse of `parseInterval`. */
export function formatInterval(interval: Interval): string {
  return interval.kind === 'integer' ? String(interval.step) : counted(interval.count, interval.unit);
}

/**
 * `12 quarters`, `1 year 6 months`, `0 days`, or a whole number as the distance of an integer key (also 0, which is why `grace: 0` needs no
 * unit). Throws `RangeError` with a sentence that names the nearest right form.
 */
export function parseSpan(value: string | number): Span {
  const distance = parseWhole(value);
  if (distance !== null) return { kind: 'integer', distance };
  let [months, days, micros] = [0, 0, 0n];
  for (const { count, unit } of parseParts(String(value))) {
    months += count * (monthsOf[unit] ?? 0);
    days += count * (daysOf[unit] ?? 0);
    micros += BigInt(count * (minutesOf[unit] ?? 0)) * 60_000_000n;
  }
  return { kind: 'calendar', months, days, micros };
}

/** `3 years`, `1 year 6 months`, `7 days`, `36 hours`, `0 days`, or the distance's digits; `parseSpan` reads it back as the same span. */
export function formatSpan(span: Span): string {
  if (span.kind === 'integer') return String(span.distance);
  const minutes = Number(span.micros / 60_000_000n);
  const parts = [
    counted(Math.floor(span.months / 12), 'year'),
    counted(span.months % 12, 'month'),
    counted(span.days, 'day'),
    minutes % 60 === 0 ? counted(minutes / 60, 'hour') : counted(minutes, 'minute'),
  ].filter((part) => !part.startsWith('0 '));
  return parts.length === 0 ? '0 days' : parts.join(' ');
}

/** Whether a span is nothing, of either kind. */
export function isZeroSpan(span: Span): boolean {
  return span.kind === 'integer' ? span.distance === 0n : span.months === 0 && span.days === 0 && span.micros === 0n;
}

/** Null when the value is not a bare number. */
function parseWhole(value: string | number): bigint | null {
  const text = String(value).trim();
  if (/^\d+$/.test(text) && (typeof value === 'string' || Number.isSafeInteger(value))) return BigInt(text);
  if (typeof value === 'number' || /^[-+]?[\d._,]+(e\d+)?$/i.test(text)) {
    const fix = typeof value === 'number' && value > Number.MAX_SAFE_INTEGER ? 'put a number this long into quotes' : 'write digits only';
    throw new RangeError(`${text} is no whole number of 0 or more; ${fix}`);
  }
  return null;
}

function parseParts(text: string): readonly { readonly count: number; readonly unit: IntervalUnit }[] {
  const words = text.trim().toLowerCase();
  const parts = [...words.matchAll(/([^\sa-z]+)\s*([a-z]+)(?:\s+|$)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== words) throw new RangeError(notUnderstood(text, '1', words));
  return parts.map(([, digits = '', word = '']) => {
    const unit = units.find((known) => word === known || word === `${known}s`);
    if (unit === undefined || !/^\d+$/.test(digits)) throw new RangeError(notUnderstood(text, digits, word));
    const count = Number(digits);
    const days = count * ((monthsOf[unit] ?? 0) * 30.436_875 + (daysOf[unit] ?? 0) + (minutesOf[unit] ?? 0) / 1440);
    if (days > maxDays) throw new RangeError(`"${text}" is more than a thousand years`);
    return { count, unit };
  });
}

function notUnderstood(text: string, digits: string, word: string): string {
  const unit = aliases.get(word) ?? units.find((known) => word.length > 2 && word.startsWith(known.slice(0, 3)));
  const count = /^\d+$/.test(digits) ? Number(digits) : 1;
  const hint = unit === undefined ? '' : `; did you mean "${counted(count, unit)}"?`;
  return `"${text}" is not understood: write a number and a unit (${units.join(', ')}), such as 1 month${hint}`;
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
