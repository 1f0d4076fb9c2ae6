import { nearestWord } from '../document/nearest-word.ts';
import type { PlainValue } from '../document/plain-value.ts';
import { type Format, format } from './format.ts';

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  millisecond: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
};

/**
 * A span of elapsed time, in milliseconds, between `least` and `most` (both written as durations, both included). Unlike the calendar
 * time of `interval`, `keep` and `grace`, a day here is 24 hours, and there are no months.
 */
export function duration(least: string, most: string): Format<number> {
  const leastMs = parseDuration(least);
  const mostMs = parseDuration(most);
  return format({
    title: 'duration',
    allowed: `a whole number with a unit (ms, s, m, h, d), from ${least} to ${most}`,
    schema: { type: 'string', pattern: '^\\s*[0-9]+\\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)\\s*$' },
    parse: (value) => {
      const found = parseDuration(value);
      if (found < leastMs) throw new RangeError(`it is less than ${least}`);
      if (found > mostMs) throw new RangeError(`it is more than ${most}`);
      return found;
    },
  });
}

/** Milliseconds of `100ms`, `5m`, `90 days`. Throws `RangeError` for everything else, with what to write instead. */
export function parseDuration(value: PlainValue): number {
  const written = typeof value === 'string' ? value.trim() : value;
  if (typeof written === 'number' || (typeof written === 'string' && /^\d+$/.test(written))) {
    throw new RangeError(`it is a bare number; write its unit, for example ${written}ms or ${written}s`);
  }
  const match = typeof written === 'string' ? /^(\d+)\s*(\p{L}+)$/u.exec(written) : null;
  const count = match?.[1];
  const word = match?.[2];
  if (count === undefined || word === undefined) throw new RangeError('it is not a duration');
  const unit = unitMs[word] ?? unitMs[word.replace(/s$/, '')];
  // `ss` and `ms` with the plural s cut off must not become seconds and minutes; `ms` itself is found above.
  if (unit === undefined || (word.length === 2 && unitMs[word] === undefined)) {
    const near = nearestWord(word, ['milliseconds', 'seconds', 'minutes', 'hours', 'days']);
    throw new RangeError(`the unit ${word} is unknown${near === null ? '' : `; did you mean ${near}?`}`);
  }
  return Number(count) * unit;
}
