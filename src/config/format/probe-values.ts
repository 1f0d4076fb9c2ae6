import type { PlainValue } from '../document/plain-value.ts';
import { byteSize } from './byte-size.ts';
import { type Format, format } from './format.ts';
import { textOf } from './text.ts';

const longestName = 63;
const longestSql = 10_000;
const plainName = `^[A-Za-z0-9_][A-Za-z0-9_-]{0,${longestName - 1}}$`;

/** How a probe is called: a value of a metric label and of `--probe`, so it needs no quotes anywhere. */
export const probeName: Format<string> = format({
  title: 'plain name',
  allowed: `letters, digits, - and _, at most ${longestName}, not beginning with -`,
  schema: { type: 'string', pattern: plainName },
  parse: (value) => {
    const found = textOf(value);
    if (new RegExp(plainName).test(found)) return found;
    if (found.length > longestName) throw new RangeError(`it has ${found.length} characters, ${longestName} are allowed`);
    throw new RangeError(found === '' ? 'it is empty' : 'it is not a plain name');
  },
});

/** One statement, without the semicolons and blanks around it. Whether it means anything, and is only one, PostgreSQL tells when it is planned. */
export const probeSql: Format<string> = format({
  title: 'SQL',
  allowed: `one query as in SQL, with $1, $2, ... for its params, of at most ${longestSql} characters`,
  schema: { type: 'string', minLength: 1, maxLength: longestSql },
  parse: (value) => {
    const written = checkText(textOf(value));
    if (written.length > longestSql) throw new RangeError(`it has ${written.length} characters, ${longestSql} are allowed`);
    const found = written.replace(/[\s;]+$/, '').trimStart();
    if (found === '') throw new RangeError('it is empty');
    return found;
  },
});

/** Values of $1, $2, ... as PostgreSQL reads them from text. Numbers keep the text that they were written with: see `read-probes.ts`. */
export const probeParameters: Format<readonly (string | null)[]> = format({
  title: 'list of values',
  allowed: 'a list of texts, numbers, true, false and null, for example [42, yesterday]; an array as PostgreSQL writes it: "{1,2}"',
  schema: { type: 'array', items: { type: ['string', 'number', 'boolean', 'null'] } },
  parse: (value) => {
    if (!isList(value)) throw new RangeError('it is not a list');
    return value.map((entry, index) => {
      if (typeof entry !== 'object') return checkText(String(entry));
      if (entry === null) return null;
      throw new RangeError(`$${index + 1} is ${isList(entry) ? 'a list' : 'a map'}, not one value`);
    });
  },
});

/** What a partition should grow to. Less than a page is a size that lacks its unit. */
export const partitionSize: Format<number> = {
  ...byteSize,
  allowed: `${byteSize.allowed}, from 8 kB`,
  parse: (value) => {
    const bytes = byteSize.parse(value);
    if (bytes < 8192) throw new RangeError(`it is ${bytes} bytes, less than one page; write its unit`);
    return bytes;
  },
};

function checkText(text: string): string {
  if (text.includes('\0')) throw new RangeError('it holds a null character');
  return text;
}

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value);
}
