import type { IndexedPartitions, IndexKey } from '../../partition/policy.ts';
import { nearestWord } from '../document/nearest-word.ts';
import { isPlainMap, type PlainValue } from '../document/plain-value.ts';
import { type Format, format, type JsonSchema } from './format.ts';
import { parseIndexColumn } from './index-column.ts';
import { methods } from './index-method.ts';
import { readFragment } from './sql-fragment.ts';
import { entriesOf, parseIdentifier } from './sql-identifier.ts';
import { storageParameters } from './table-values.ts';
import { textOf } from './text.ts';

const textOrList: JsonSchema = {
  anyOf: [
    { type: 'string', minLength: 1 },
    { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } },
  ],
};

/** Columns of an index, each with what CREATE INDEX lets follow it. */
export const indexColumns: Format<readonly IndexKey[]> = format({
  title: 'list of columns',
  allowed: 'a list of columns as in SQL, each with a collation, operator class or order if need be: [org_id, "occurred_at DESC"]',
  schema: textOrList,
  parse: (value) =>
    keysOf(value).map((text): IndexKey => {
      const read = parseIndexColumn(text);
      if (read === null) throw new RangeError(explainColumn(text));
      return { kind: 'column', column: read.column, options: read.options };
    }),
});

/** Expressions of an index, columns among them; each may be followed by the same as a column. */
export const indexExpressions: Format<readonly IndexKey[]> = format({
  title: 'SQL expression, or a list',
  allowed: 'an expression of SQL such as "lower(email)", or a list of expressions and columns',
  schema: textOrList,
  parse: (value) =>
    keysOf(value).map((text): IndexKey => {
      const read = parseIndexColumn(text);
      // As a column it can be found in the table, for example by who looks for the partition key in a unique index.
      if (read?.isPlain === true) return { kind: 'column', column: read.column, options: read.options };
      const { sql, hasComma } = readFragment(text);
      if (hasComma) throw new RangeError(`${JSON.stringify(text)} is more than one expression; write a list`);
      return { kind: 'expression', expression: sql };
    }),
});

/** The access method; any name, for extensions bring their own, but not one that is a slip of the pen away from PostgreSQL's. */
export const indexMethod: Format<string> = format({
  title: 'access method',
  allowed: `${[...methods.keys()].join(' | ')}, or the one of an extension`,
  schema: { type: 'string', minLength: 1 },
  parse: (value) => {
    const found = parseIdentifier(textOf(value));
    const near = methods.has(found) ? null : nearestWord(found, [...methods.keys()]);
    if (near !== null) throw new RangeError(`did you mean ${near}?`);
    return found;
  },
});

/** Which partitions have the index. */
export const indexedPartitions: Format<IndexedPartitions> = format({
  title: '`all`, `current`, `closed`, `newest N`',
  allowed: 'all | current | closed | newest N, for example newest 3',
  schema: {
    anyOf: [
      { enum: ['all', 'current', 'closed'] },
      { type: 'string', pattern: '^\\s*newest\\s+[0-9]+\\s*$' },
      {
        type: 'object',
        additionalProperties: false,
        required: ['newest'],
        properties: { newest: { type: 'integer', minimum: 1, maximum: 100_000 } },
      },
    ],
  },
  parse: (value) => {
    if (isPlainMap(value)) return parseNewest(value);
    const found = textOf(value).trim();
    const count = /^newest\s+(\d+)$/.exec(found)?.[1];
    if (count !== undefined) return newest(Number(count));
    if (found === 'newest') throw new RangeError('it does not say how many');
    const kind = (['all', 'current', 'closed'] as const).find((word) => word === found);
    if (kind !== undefined) return { kind };
    const near = nearestWord(found, ['all', 'current', 'closed']);
    throw new RangeError(near === null ? 'it says nothing about which partitions' : `did you mean ${near}?`);
  },
});

/** Storage parameters of an index, by name. */
export const indexParameters: Format<Readonly<Record<string, string>>> = {
  ...storageParameters,
  allowed: "storage parameters of PostgreSQL's CREATE INDEX ... WITH, for example { fillfactor: 90 }",
};

function keysOf(value: PlainValue): readonly string[] {
  const texts = entriesOf(value).map(textOf);
  if (texts.length === 0) throw new RangeError('it is empty');
  return texts;
}

function explainColumn(text: string): string {
  const shown = JSON.stringify(text);
  if (/^\(?[\w\s"]+(,[\w\s"]+)+\)?$/.test(text.trim())) return `${shown} is more than one column; write a list`;
  return `${shown} is not a column with its order; if it is an expression, put it into the key expression instead`;
}

function parseNewest(value: { readonly [key: string]: PlainValue }): IndexedPartitions {
  const { newest: count, ...others } = value;
  const other = Object.keys(others)[0];
  if (other !== undefined) throw new RangeError(`it has the unknown key ${other}; newest is the only one`);
  const found = typeof count === 'string' && /^\d+$/.test(count) ? Number(count) : count;
  if (typeof found !== 'number') throw new RangeError('newest is not a whole number');
  return newest(found);
}

function newest(count: number): IndexedPartitions {
  if (!Number.isInteger(count) || count < 1 || count > 100_000) throw new RangeError('newest is not a whole number from 1 to 100000');
  return { kind: 'newest', count };
}
