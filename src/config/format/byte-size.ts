import type { PlainValue } from '../document/plain-value.ts';
import { type Format, format } from './format.ts';

/**
 * Powers of 1024 and spelled with these very letters, as PostgreSQL reads its settings; the names that say so are the same.
 * Source: postgresql.org/docs/18/config-setting.html#CONFIG-SETTING-NAMES-VALUES.
 */
const unitBytes: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['kB', 1024],
  ['MB', 1024 ** 2],
  ['GB', 1024 ** 3],
  ['TB', 1024 ** 4],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
  ['TiB', 1024 ** 4],
]);

/** An amount of storage, in bytes: a bare whole number, or one with a unit. */
export const byteSize: Format<number> = format({
  title: 'size',
  allowed: 'a whole number of bytes, or one with a unit (kB, MB, GB, TB; powers of 1024, also spelled KiB, MiB, GiB, TiB)',
  schema: {
    anyOf: [
      { type: 'integer', minimum: 0 },
      { type: 'string', pattern: `^\\s*[0-9]+\\s*(${[...unitBytes.keys()].join('|')})?\\s*$` },
    ],
  },
  parse: (value) => {
    const bytes = parseBytes(value);
    if (bytes < 0) throw new RangeError('it is less than 0');
    if (!Number.isSafeInteger(bytes)) throw new RangeError('it is more than any relation can have');
    return bytes;
  },
});

function parseBytes(value: PlainValue): number {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  const [, count, unit] = (typeof value === 'string' ? /^\s*(\d+)\s*(\p{L}*)\s*$/u.exec(value) : null) ?? [];
  if (count === undefined || unit === undefined) throw new RangeError('it is not a size');
  const bytes = unit === '' ? 1 : unitBytes.get(unit);
  if (bytes !== undefined) return Number(count) * bytes;
  const near = [...unitBytes.keys()].find((known) => known.toLowerCase() === unit.toLowerCase().replace(/^([kmgt])(ib)?$/, '$1b'));
  throw new RangeError(`the unit ${unit} is unknown${near === undefined ? '' : `; did you mean ${near}?`}`);
}
