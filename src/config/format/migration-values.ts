import type { PlainValue } from '../document/plain-value.ts';
import { type Format, format } from './format.ts';
import { entriesOf } from './sql-identifier.ts';
import { oneOf, textOf } from './text.ts';

const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const dayOrRange = `(${dayNames.join('|')})(\\s*-\\s*(${dayNames.join('|')}))?`;

const someDays = { type: 'string', pattern: `^\\s*${dayOrRange}(\\s*,\\s*${dayOrRange})*\\s*$` };

/** Days of the week, ascending, each once; Monday is 1, Sunday 7. A range may go round the end of the week: `fri-mon`. */
export const weekdays: Format<readonly number[]> = format({
  title: 'days of the week',
  allowed: 'days and ranges of days such as mon-fri, or [mon, wed-thu]',
  schema: { anyOf: [someDays, { type: 'array', minItems: 1, items: someDays }] },
  parse: (value) => {
    const words = entriesOf(value).flatMap((entry) => textOf(entry).split(','));
    const days = new Set(words.flatMap(daysOf));
    if (days.size === 0) throw new RangeError('no day is in it; leave the window out for none');
    return [...days].toSorted((a, b) => a - b);
  },
});

function daysOf(word: string): readonly number[] {
  const [from, to, ...rest] = word.split('-').map((name) => dayNames.indexOf(name.trim()));
  if (from === undefined || from < 0 || to === -1 || rest.length > 0) {
    throw new RangeError(`${JSON.stringify(word.trim())} is no day of the week and no range of them`);
  }
  const length = (((to ?? from) - from + dayNames.length) % dayNames.length) + 1;
  return Array.from({ length }, (_, index) => ((from + index) % dayNames.length) + 1);
}

/** Minutes since midnight; the midnight that ends a day is 0 too. */
export const timeOfDay: Format<number> = format({
  title: 'time of day',
  allowed: 'a time from "00:00" to "24:00", in quotes',
  schema: { type: 'string', pattern: '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$' },
  parse: (value) => {
    const [, hours, minutes] = /^(\d\d):(\d\d)$/.exec(textOf(value)) ?? [];
    const found = Number(hours) * 60 + Number(minutes);
    if (hours === undefined || Number(minutes) > 59 || found > 1440) throw new RangeError('it is not a time of day');
    return found % 1440;
  },
});

/** Some of a few words, in their order here and each once; one may also be written without a list. */
export function someOf<const T extends string>(...words: readonly T[]): Format<readonly T[]> {
  const one = oneOf(...words);
  return format({
    title: `list of ${one.title}`,
    allowed: `a list of ${one.allowed}`,
    schema: { anyOf: [{ enum: words }, { type: 'array', items: { enum: words } }] },
    parse: (value: PlainValue) => {
      const entries = entriesOf(value);
      const found = new Set(entries.map((entry) => (entries.length > 1 ? namedIn(entry, one.parse) : one.parse(entry))));
      return words.filter((word) => found.has(word));
    },
  });
}

/** Of several words the wrong one is named: the report speaks of the list. */
function namedIn<T>(entry: PlainValue, parse: (value: PlainValue) => T): T {
  try {
    return parse(entry);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`${JSON.stringify(entry)}: ${error.message}`, { cause: error });
  }
}
