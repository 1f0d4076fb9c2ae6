import { nearestWord } from '../document/nearest-word.ts';
import type { PlainValue } from '../document/plain-value.ts';
import { type Format, format } from './format.ts';

/** Text that is neither empty nor longer than `longest` characters nor holds control characters. */
export function text(title: string, allowed: string, longest: number): Format<string> {
  return format({
    title,
    allowed,
    schema: { type: 'string', minLength: 1, maxLength: longest },
    parse: (value) => {
      const found = textOf(value);
      if (found.trim() === '') throw new RangeError('it is empty');
      if (found.length > longest) throw new RangeError(`it has ${found.length} characters, ${longest} are allowed`);
      if (/\p{Cc}/u.test(found)) throw new RangeError('it holds a control character');
      return found;
    },
  });
}

/** One of a few words, exactly as written here. */
export function oneOf<const T extends string>(...words: readonly T[]): Format<T> {
  return format({
    title: words.map((word) => `\`${word}\``).join(', '),
    allowed: words.join(' | '),
    schema: { enum: words },
    parse: (value) => {
      const found = words.find((word) => word === value);
      if (found !== undefined) return found;
      const near = typeof value === 'string' ? nearestWord(value, words) : null;
      throw new RangeError(near === null ? 'it is none of the words allowed here' : `did you mean ${near}?`);
    },
  });
}

/** An address to listen on: a name or an IP address, without scheme and port. */
export const host: Format<string> = format({
  title: 'host name or IP address',
  allowed: 'a host name or an IP address such as 0.0.0.0, 127.0.0.1 or ::',
  schema: { type: 'string', pattern: '^[A-Za-z0-9._:%-]+$' },
  parse: (value) => {
    const found = textOf(value);
    if (found.includes('/')) throw new RangeError('it looks like a URL: leave out the scheme and the path');
    if (/^[^:]+:\d+$/.test(found)) throw new RangeError('it holds a port: that goes into the key `port`');
    if (!/^[A-Za-z0-9._:%-]+$/.test(found)) throw new RangeError('it is not a host');
    return found;
  },
});

/** The text itself; a number, boolean, map or list is refused with the advice to quote it. */
export function textOf(value: PlainValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object') throw new RangeError('it is not a text; if the braces or brackets belong to it, put it in quotes');
  throw new RangeError(`it is not a text; put it in quotes: "${String(value)}"`);
}
