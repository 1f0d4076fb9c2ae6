import type { KeyEncoding } from '../../partition/key-encoding.ts';
import { nearestWord } from '../document/nearest-word.ts';
import { isPlainMap, type PlainValue } from '../document/plain-value.ts';
import { type Format, format } from './format.ts';

const words = ['auto', 'integer', 'epoch-s', 'epoch-ms', 'epoch-us', 'epoch-ns', 'uuidv7', 'ulid'] as const;

/** How the partition key carries time: one word, or `{ snowflake: { epoch, shift } }`. */
export const keyEncoding: Format<KeyEncoding> = format({
  title: 'key encoding',
  allowed: `${words.join(' | ')} | { snowflake: { epoch: 2010-11-04T01:42:54.657Z, shift: 22 } }`,
  schema: {
    anyOf: [
      { enum: words },
      {
        type: 'object',
        additionalProperties: false,
        required: ['snowflake'],
        properties: {
          snowflake: {
            type: 'object',
            additionalProperties: false,
            required: ['epoch', 'shift'],
            properties: {
              epoch: {
                description: "The generator's epoch: an instant, or milliseconds since 1970 UTC.",
                type: ['string', 'integer'],
              },
              shift: { description: 'Bits below the millisecond count.', type: 'integer', minimum: 0, maximum: 40 },
            },
          },
        },
      },
    ],
  },
  parse: (value) => {
    if (isPlainMap(value)) return parseSnowflake(value);
    const kind = words.find((word) => word === value);
    if (kind !== undefined) return { kind };
    if (value === 'snowflake') throw new RangeError('it needs its epoch and shift');
    const near = typeof value === 'string' ? nearestWord(value, words) : null;
    throw new RangeError(near === null ? 'it is no key encoding' : `did you mean ${near}?`);
  },
});

function parseSnowflake(value: { readonly [key: string]: PlainValue }): KeyEncoding {
  const { snowflake, ...others } = value;
  const other = Object.keys(others)[0];
  if (other !== undefined) throw new RangeError(`it has the unknown key ${other}; snowflake is the only one`);
  if (snowflake === undefined || !isPlainMap(snowflake)) throw new RangeError('snowflake needs epoch and shift');
  const { epoch, shift, ...rest } = snowflake;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw new RangeError(`snowflake has the unknown key ${unknown}; epoch and shift are the only ones`);
  return { kind: 'snowflake', epochMs: parseEpoch(epoch), shift: parseShift(shift) };
}

function parseEpoch(epoch: PlainValue | undefined): bigint {
  if (epoch === undefined || epoch === null) throw new RangeError('snowflake.epoch is missing');
  const isNumber = typeof epoch === 'bigint' || (typeof epoch === 'number' && Number.isInteger(epoch));
  if (isNumber || (typeof epoch === 'string' && /^-?\d+$/.test(epoch))) return BigInt(epoch);
  // Only instants with their offset: a local time would shift every bound by an unknown number of hours.
  const isInstant = typeof epoch === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(epoch);
  const epochMs = isInstant ? Date.parse(epoch) : Number.NaN;
  if (Number.isNaN(epochMs))
    throw new RangeError('snowflake.epoch is neither an instant such as 2010-11-04T01:42:54.657Z nor milliseconds since 1970');
  return BigInt(epochMs);
}

function parseShift(shift: PlainValue | undefined): number {
  const found = typeof shift === 'string' && /^\d+$/.test(shift) ? Number(shift) : shift;
  if (typeof found !== 'number' || !Number.isInteger(found) || found < 0 || found > 40) {
    throw new RangeError('snowflake.shift is not a whole number from 0 to 40');
  }
  return found;
}
