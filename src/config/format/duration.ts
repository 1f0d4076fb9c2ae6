import { nearestWord } from '../document/nearest-word.ts';
import type { PlainValue } from '../document/plain-value.ts';
import { type Format, format } from './format.ts';

const unitMs: ReadonlyMap<string, number> = new Map(
  [
    { ms: 1, words: 'ms millisecond milliseconds' },
    { ms: 1000, words: 's sec secs second seconds' },
    { ms: 60_000, words: 'm min mins minute minutes' },
    { ms: 3_600_000, words: 'h hour hours' },
    { ms: 86_400_000, words: 'd day days' },
  ].flatMap(({ ms, words }) => words.split(' ').map((word): [string, number] => [word, ms])),
);

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
    schema: { type: 'string', pattern: `^\\s*[0-9]+\\s*(${[...unitMs.keys()].join('|')})\\s*$` },
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
  const written = typeof value === 'object' ? '' : String(value).trim();
  if (/^\d+$/.test(written)) throw new RangeError(`it is a bare number; write its unit, for example ${written}ms or ${written}s`);
  const [, count, word] = (typeof value === 'string' ? /^(\d+)\s*(\p{L}+)$/u.exec(written) : null) ?? [];
  if (count === undefined || word === undefined) throw new RangeError('it is not a duration');
  const unit = unitMs.get(word);
  if (unit !== undefined) return Number(count) * unit;
  const near = nearestWord(
    word,
    [...unitMs.keys()].filter((known) => known.endsWith('s') && known.length > 2),
  );
  throw new RangeError(`the unit ${word} is unknown${near === null ? '' : `; did you mean ${near}?`}`);
}
