import type { PlainValue } from '../document/plain-value.ts';
import { type Format, format } from './format.ts';
import { textOf } from './text.ts';

const longest = 10_000;

/** A condition over the columns of the table, such as `status = 'approved'`, in one line. */
export const condition: Format<string> = format({
  title: 'SQL condition',
  allowed: 'a condition of SQL without the word WHERE, for example "status = \'approved\'"',
  schema: { type: 'string', minLength: 1, maxLength: longest },
  parse: (value) => {
    const { sql } = readFragment(value);
    if (/^where\b/i.test(sql)) throw new RangeError('leave out the word WHERE');
    return sql;
  },
});

export interface Fragment {
  /** In one line; what stands in quotes is as it was. */
  readonly sql: string;
  /** Whether there is a comma outside of parentheses and quotes: then it is more than one expression. */
  readonly hasComma: boolean;
}

/**
 * The tokens of a fragment, the first that matches: texts, quoted names and dollar quotes with all that is in them, words (a `$` may be in one),
 * blanks, comments, brackets, commas. Anything else stands for itself. Source: postgresql.org/docs/18/sql-syntax-lexical.html.
 */
const tokens = new RegExp(
  [
    String.raw`[eE]'(?:[^'\\]|\\.|'')*'|(?![eE]')[\p{L}_][\p{L}\p{N}_$]*|'(?:[^']|'')*'|"(?:[^"]|"")*"`,
    String.raw`\$(?<tag>(?:[\p{L}_][\p{L}\p{N}_]*)?)\$.*?\$\k<tag>\$`,
    String.raw`(?<blank>\s+)|(?<bracket>[()[\]])|(?<comma>,)|(?<sign>--|\/\*|[eE](?=')|.)`,
  ].join('|'),
  'gsu',
);

const partner: ReadonlyMap<string, string> = new Map([
  [')', '('],
  [']', '['],
]);

/**
 * A part of a statement that stays within its place: brackets and quotes are closed, nothing is commented out, and no other statement
 * begins. Whether it means anything, only PostgreSQL can tell. Throws `RangeError`.
 */
export function readFragment(value: PlainValue): Fragment {
  const written = textOf(value).trim();
  checkLength(written);
  const opened: string[] = [];
  const kept: string[] = [];
  let hasComma = false;
  for (const { 0: found, groups = {} } of written.matchAll(tokens)) {
    if (groups['bracket'] !== undefined) nest(found, opened);
    if (groups['sign'] !== undefined) checkSign(found);
    hasComma ||= groups['comma'] !== undefined && opened.length === 0;
    kept.push(groups['blank'] === undefined ? found : ' ');
  }
  const open = opened.at(-1);
  if (open !== undefined) throw new RangeError(`it has a ${open} without its closing bracket`);
  return { sql: kept.join(''), hasComma };
}

function checkLength(written: string): void {
  if (written === '') throw new RangeError('it is empty');
  if (written.includes('\0')) throw new RangeError('it holds a null character');
  if (written.length > longest) throw new RangeError(`it has ${written.length} characters, ${longest} are allowed`);
}

/** Puts an opening bracket on the stack, or takes that of a closing one from it. */
function nest(bracket: string, opened: string[]): void {
  const wanted = partner.get(bracket);
  if (wanted === undefined) opened.push(bracket);
  else if (opened.pop() !== wanted) throw new RangeError(`it has a ${bracket} without its opening bracket`);
}

function checkSign(sign: string): void {
  if (/^[eE'"]$/.test(sign)) throw new RangeError(`it has an opening ${sign === '"' ? sign : "'"} without a closing one`);
  if (sign === ';') throw new RangeError('it holds a semicolon outside of quotes');
  if (sign === '--' || sign === '/*') throw new RangeError(`it holds a comment (${sign}); leave it out`);
  if (/\p{Cc}/u.test(sign)) throw new RangeError('it holds a control character');
}
