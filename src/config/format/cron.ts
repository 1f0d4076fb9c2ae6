import { type Format, format } from './format.ts';
import { textOf } from './text.ts';

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Three-letter names in the order of their numbers, the first standing for `least`. */
  readonly names: readonly string[];
}

const fields: readonly Field[] = [
  { name: 'second', least: 0, most: 59, names: [] },
  { name: 'minute', least: 0, most: 59, names: [] },
  { name: 'hour', least: 0, most: 23, names: [] },
  { name: 'day of the month', least: 1, most: 31, names: [] },
  { name: 'month', least: 1, most: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { name: 'day of the week', least: 0, most: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

const longestMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const macros: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '@hourly': '0 * * * *',
    '@daily': '0 0 * * *',
    '@midnight': '0 0 * * *',
    '@weekly': '0 0 * * 0',
    '@monthly': '0 0 1 * *',
    '@yearly': '0 0 1 1 *',
    '@annually': '0 0 1 1 *',
  }),
);

/** When a task runs: a cron expression, or null when `false`, `off` or null switches the task off. */
export const schedule: Format<string | null> = format({
  title: 'cron expression, or `false`',
  allowed:
    'five fields (minute, hour, day of the month, month, day of the week) or six with the second first, or false to switch the task off',
  schema: { anyOf: [{ type: 'string', minLength: 1 }, { const: false }] },
  readsNull: true,
  parse: (value) => (value === null || value === false || value === 'false' || value === 'off' ? null : parseCron(textOf(value))),
});

/** A cron expression that must be one: a moment that keeps coming. */
export const cronExpression: Format<string> = format({
  title: 'cron expression',
  allowed: 'five fields (minute, hour, day of the month, month, day of the week) or six with the second first',
  schema: { type: 'string', minLength: 1 },
  parse: (value) => parseCron(textOf(value)),
});

/**
 * The expression with single spaces; throws `RangeError` naming the field that is wrong. Knows stars, numbers, ranges (also across the
 * end, `22-2`), steps on stars and ranges, lists, and three-letter names: what every cron agrees on, and a subset of what node-cron takes.
 */
export function parseCron(expression: string): string {
  const words = expression.trim().split(/\s+/);
  const macro = macros.get(expression.trim());
  if (macro !== undefined) throw new RangeError(`write it out: "${macro}"`);
  if (words.length !== 5 && words.length !== 6) throw new RangeError(`it has ${words.length} field${words.length === 1 ? '' : 's'}`);
  const offset = fields.length - words.length;
  const values = words.map((word, index) => fieldValues(word, fields[index + offset]));
  const months = values.at(-2) ?? [];
  const days = values.at(-3) ?? [];
  const happens = months.some((month) => days.some((day) => day <= (longestMonth[month - 1] ?? 0)));
  if (!happens) throw new RangeError(`the day ${words.at(-3)} never comes in month ${words.at(-2)}`);
  return words.join(' ');
}

function fieldValues(word: string, field: Field | undefined): readonly number[] {
  if (field === undefined) return [];
  return word.split(',').flatMap((part) => partValues(part, field));
}

function partValues(part: string, field: Field): readonly number[] {
  const [, range, first, last, every] = /^(\*|([a-z]+|\d+)(?:-([a-z]+|\d+))?)(?:\/(\d+))?$/i.exec(part) ?? [];
  if (range === undefined) throw new RangeError(`${field.name}: "${part}" is no number, range, step or list`);
  const from = first === undefined ? field.least : fieldNumber(first, field);
  const to = first === undefined ? field.most : fieldNumber(last ?? first, field);
  if (every !== undefined && first !== undefined && last === undefined) {
    throw new RangeError(`${field.name}: a step needs a range, write ${first}-${field.most}/${every}`);
  }
  const step = Number(every ?? 1);
  if (step < 1 || step > field.most) throw new RangeError(`${field.name}: the step ${step} is not between 1 and ${field.most}`);
  // A range across the end goes round: 22-2 is 22, 23, 0, 1, 2.
  const span = field.most - field.least + 1;
  const length = ((to - from + span) % span) + 1;
  return Array.from({ length: Math.ceil(length / step) }, (_, index) => field.least + ((from - field.least + index * step) % span));
}

function fieldNumber(word: string, field: Field): number {
  const named = field.names.indexOf(word.toLowerCase());
  const value = named >= 0 ? named + field.least : Number(word);
  if (!Number.isInteger(value))
    throw new RangeError(`${field.name}: "${word}" is no number${field.names.length > 0 ? ' and no three-letter name' : ''}`);
  if (value < field.least || value > field.most)
    throw new RangeError(`${field.name}: ${word} is not between ${field.least} and ${field.most}`);
  return value;
}
