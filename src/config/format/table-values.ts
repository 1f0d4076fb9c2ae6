import type { Interval } from '../../partition/interval.ts';
import { parseInterval } from '../../partition/interval.ts';
import { isPlainMap } from '../document/plain-value.ts';
import { type Format, format } from './format.ts';
import { textOf } from './text.ts';

/** `1 month`, `15 MINUTES`. JSON Schema has no case-insensitive patterns, so both cases of each letter are spelled out. */
const calendarTime = `[0-9]+\\s*(${['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'].map(anyCase).join('|')})[sS]?`;

/** The width of a partition. */
export const interval: Format<Interval> = format({
  title: 'interval',
  allowed: 'N minutes | hours | days | weeks | months | quarters | years for keys that are time, a whole number for integer keys',
  schema: {
    anyOf: [
      { type: 'integer', minimum: 1 },
      { type: 'string', pattern: `^\\s*([0-9]+|${calendarTime})\\s*$` },
    ],
  },
  parse: (value) => {
    if (typeof value === 'number') return parseInterval(value);
    return parseInterval(typeof value === 'bigint' ? String(value) : textOf(value));
  },
});

/** `keep` or `grace` as written: which of calendar time and distance is right, the table's interval decides. */
export const span: Format<string | number> = format({
  title: 'calendar time or distance',
  allowed: 'calendar time such as 12 quarters or 90 days; a whole number, the distance from the newest key, for an integer interval',
  schema: {
    anyOf: [
      { type: 'integer', minimum: 0 },
      { type: 'string', pattern: `^\\s*([0-9]+|${calendarTime}(\\s+${calendarTime})*)\\s*$` },
    ],
  },
  parse: (value) => (typeof value === 'number' ? value : typeof value === 'bigint' ? String(value) : textOf(value)),
});

/** Calendar time, or 0. */
export const grace: Format<string | number> = { ...span, title: 'calendar time', allowed: 'calendar time such as 7 days, or 0 for none' };

/** The first partition of an empty table, as written: what it means, the table's interval decides. */
export const start: Format<string> = format({
  title: 'date, time or key',
  allowed: 'a date or a time such as 2024-10-01 or 2024-10-01T00:00:00Z; a whole number for an integer interval',
  schema: { type: ['string', 'integer'] },
  parse: (value) => {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new RangeError('it is not a whole number');
    return typeof value === 'number' || typeof value === 'bigint' ? String(value) : textOf(value).trim();
  },
});

/** Storage parameters by name, values as text. */
export const storageParameters: Format<Readonly<Record<string, string>>> = format({
  title: 'storage parameters',
  allowed: "storage parameters of PostgreSQL's CREATE TABLE ... WITH, for example { fillfactor: 90 }",
  schema: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
  parse: (value) => {
    if (!isPlainMap(value)) throw new RangeError('it is not a map of names and values');
    const parameters: [string, string][] = [];
    for (const [name, found] of Object.entries(value)) {
      if (!/^(toast\.)?[a-z_][a-z0-9_]*$/.test(name))
        throw new RangeError(`${JSON.stringify(name)} is not the name of a storage parameter`);
      if (typeof found === 'object') throw new RangeError(`${name} is not set to a number, a text, true or false`);
      parameters.push([name, String(found)]);
    }
    return Object.fromEntries(parameters);
  },
});

function anyCase(word: string): string {
  return word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}
