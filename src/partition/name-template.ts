import { byteLength, maxIdentifierBytes } from './identifier.ts';
import type { CalendarInterval, Interval, IntervalUnit } from './interval.ts';
import { formatInterval } from './interval.ts';

/** What stands between braces in a name template, with the most bytes that each can grow to. */
const tokenBytes = {
  table: 1,
  yyyy: 4,
  yy: 2,
  mm: 2,
  dd: 2,
  hh: 2,
  mi: 2,
  gggg: 4,
  ww: 2,
  q: 1,
  from: 20,
  to: 20,
} as const;

/** In minutes. */
const day = 1440;

export type NameToken = keyof typeof tokenBytes;

/** Literal text or a token of a template, in order. An unknown token is a part of its own kind. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'token'; readonly token: NameToken }
  | { readonly kind: 'unknown'; readonly text: string };

const defaults: Readonly<Record<IntervalUnit, string>> = {
  minute: '{table}_{yyyy}_{mm}_{dd}_{hh}{mi}',
  hour: '{table}_{yyyy}_{mm}_{dd}_{hh}',
  day: '{table}_{yyyy}_{mm}_{dd}',
  week: '{table}_{gggg}_w{ww}',
  month: '{table}_{yyyy}_{mm}',
  quarter: '{table}_{yyyy}_q{q}',
  year: '{table}_{yyyy}',
};

/** The template of a policy that names none, by the interval's unit. */
export function defaultTemplate(interval: Interval): string {
  return interval.kind === 'integer' ? '{table}_{from}' : defaults[interval.unit];
}

/**
 * Why a template cannot name the partitions of an interval, in a sentence that names the fix; null when it can. It must give every interval a
 * name of its own: a token that repeats (the month without its year, the ISO week with the calendar year) needs the one above it.
 * Repetition after a hundred years (`{yy}`) and in an hour that clocks repeat is accepted; such names get a number.
 */
export function checkTemplate(template: string, interval: Interval): string | null {
  const parts = parseTemplate(template);
  const tokens = new Set(parts.flatMap((part) => (part.kind === 'token' ? [part.token] : [])));
  return checkParts(template, parts) ?? checkUniqueness(template, tokens, interval);
}

/** Splits a template at its braces; never fails, what is no token comes back as `unknown`. */
export function parseTemplate(template: string): readonly TemplatePart[] {
  return [...template.matchAll(/\{([^{}]*)\}|[{}]|[^{}]+/g)].map(([text, word]) => {
    if (word !== undefined && isToken(word)) return { kind: 'token', token: word };
    return /[{}]/.test(text) ? { kind: 'unknown', text } : { kind: 'text', text };
  });
}

function isToken(word: string): word is NameToken {
  return Object.hasOwn(tokenBytes, word);
}

function checkParts(template: string, parts: readonly TemplatePart[]): string | null {
  if (template.includes('\0')) return 'the name template holds a null character, which no name can';
  for (const part of parts) {
    if (part.kind === 'unknown') return unknownToken(template, part.text);
  }
  const bytes = parts.reduce((sum, part) => sum + partBytes(part), 0);
  if (bytes <= maxIdentifierBytes) return null;
  return `"${template}" makes names of more than ${maxIdentifierBytes} bytes, which PostgreSQL would cut; shorten the text around the tokens`;
}

function partBytes(part: TemplatePart): number {
  return part.kind === 'token' ? tokenBytes[part.token] : byteLength(part.text);
}

function unknownToken(template: string, text: string): string {
  const known = Object.keys(tokenBytes);
  const near = known.find((token) => `{${token}}` === text.toLowerCase());
  const hint = near === undefined ? `the tokens are ${known.map((token) => `{${token}}`).join(' ')}` : `did you mean {${near}}?`;
  return text.length === 1
    ? `"${template}" has a brace without its partner; ${hint}`
    : `"${template}" has an unknown token ${text}; ${hint}`;
}

function checkUniqueness(template: string, tokens: ReadonlySet<NameToken>, interval: Interval): string | null {
  const hasEdge = tokens.has('from') || tokens.has('to');
  if (interval.kind === 'integer') {
    const isCalendarFree = [...tokens].every((token) => token === 'table' || token === 'from' || token === 'to');
    if (hasEdge && isCalendarFree) return null;
    return `"${template}" does not suit partitions of whole numbers, which have no calendar; use {from}, as in "${defaultTemplate(interval)}"`;
  }
  if (hasEdge || finestMinutes(tokens) <= leastMinutes(interval) || isAligned(tokens, interval)) return null;
  return (
    `"${template}" gives several partitions of ${formatInterval(interval)} the same name; ${isoHint(tokens)}` +
    `use tokens that tell them apart, as in "${defaultTemplate(interval)}"`
  );
}

/** Two starts that lie at least this many minutes apart always get different names; Infinity when the tokens repeat. */
function finestMinutes(tokens: ReadonlySet<NameToken>): number {
  if (!tokens.has('gggg')) return civilMinutes(tokens);
  return Math.min(tokens.has('ww') ? 7 * day : 371 * day, civilMinutes(tokens));
}

function civilMinutes(tokens: ReadonlySet<NameToken>): number {
  if (!tokens.has('yyyy') && !tokens.has('yy')) return Number.POSITIVE_INFINITY;
  if (!tokens.has('mm')) return tokens.has('q') ? 92 * day : 366 * day;
  if (!tokens.has('dd')) return 31 * day;
  if (!tokens.has('hh')) return day;
  return tokens.has('mi') ? 1 : 60;
}

/** Months, quarters and years start where their tokens change, though a February is shorter than the 31 days that any month may have. */
function isAligned(tokens: ReadonlySet<NameToken>, interval: CalendarInterval): boolean {
  const months = { minute: 0, hour: 0, day: 0, week: 0, month: 1, quarter: 3, year: 12 }[interval.unit] * interval.count;
  if (months === 0) return false;
  const finest = civilMinutes(tokens);
  return finest <= 31 * day || (finest === 92 * day && months % 3 === 0) || (finest === 366 * day && months % 12 === 0);
}

/** Shortest distance between two starts. Intervals of whole days count local days, whatever their hours. */
function leastMinutes(interval: CalendarInterval): number {
  const minutes = { minute: 1, hour: 60, day, week: 7 * day, month: 28 * day, quarter: 90 * day, year: 365 * day }[interval.unit];
  return minutes * interval.count;
}

function isoHint(tokens: ReadonlySet<NameToken>): string {
  return tokens.has('ww') && !tokens.has('gggg') ? 'an ISO week belongs to the ISO year {gggg}; ' : '';
}
