import { isTimezone } from './calendar.ts';
import { epochCodec, integerCodec, numberText, snowflakeCodec } from './codec/number-codec.ts';
import { ulidCodec, uuidv7Codec } from './codec/sortable-id-codec.ts';
import { dateCodec, timestampCodec, timestamptzCodec } from './codec/time-codec.ts';
import type { CreateKeyCodec, KeyCodec, KeyColumn, KeyProblem } from './key.ts';
import type { KeyEncoding } from './key-encoding.ts';

type EpochKind = 'epoch-s' | 'epoch-ms' | 'epoch-us' | 'epoch-ns';

const unitsPerSecond: Readonly<Record<EpochKind, bigint>> = {
  'epoch-s': 1n,
  'epoch-ms': 1000n,
  'epoch-us': 1_000_000n,
  'epoch-ns': 1_000_000_000n,
};
const textTypes: ReadonlySet<string> = new Set(['text', 'character varying', 'character', 'bpchar']);
/** PostgreSQL would round bounds of such a column to thousands or so (numeric(5, -3), since PostgreSQL 15). */
const negativeScale = ' with a negative scale, to which bounds would be rounded; give it a scale of 0 or more';
const timeTypes: ReadonlySet<string> = new Set(['timestamp with time zone', 'timestamp without time zone', 'date']);

/**
 * The codec of a key column under the policy's encoding and time zone, or the problem that keeps the two apart: a sentence that names the
 * column, its type and the fix. Throws nothing.
 */
export const createKeyCodec: CreateKeyCodec = (column, encoding, timezone) => {
  if (!isTimezone(timezone)) return { problem: `timezone "${timezone}" is no IANA time zone; write one such as UTC or Europe/Paris` };
  switch (encoding.kind) {
    case 'auto':
      return autoCodec(column, timezone);
    case 'integer':
      return wholeNumberCodec(column);
    case 'uuidv7':
    case 'ulid':
      return checkedId(column, encoding, timezone);
    case 'snowflake':
      return checkedSnowflake(column, encoding, timezone);
    case 'epoch-s':
    case 'epoch-ms':
    case 'epoch-us':
    case 'epoch-ns':
      return checkedEpoch(column, encoding.kind, timezone);
  }
};

function autoCodec(column: KeyColumn, timezone: string): KeyCodec | KeyProblem {
  const { type } = column;
  if (type === 'timestamp with time zone') return timestamptzCodec(timezone);
  if (type === 'timestamp without time zone') return timestampCodec(timezone);
  if (type === 'date') return dateCodec(timezone);
  if (type === 'uuid') return uuidv7Codec(timezone);
  if (textTypes.has(type))
    return { problem: `${subject(column)}; if it holds ULIDs, set key.encoding to ulid, other text has no intervals` };
  return wholeNumberCodec(column);
}

function wholeNumberCodec(column: KeyColumn): KeyCodec | KeyProblem {
  const number = numberText(column);
  if (number !== null && number.scale < 0) return { problem: `${subject(column)}${negativeScale}` };
  if (number !== null) return integerCodec(number);
  if (timeTypes.has(column.type) || column.type === 'uuid' || textTypes.has(column.type)) {
    return misfit(column, { kind: 'integer' }, 'it needs a smallint, integer, bigint or numeric column');
  }
  const known = 'timestamptz, timestamp, date, uuid, smallint, integer, bigint, numeric, or text with ULIDs';
  return { problem: `${subject(column)}, which has no intervals; partitiond manages keys of type ${known}` };
}

function checkedId(column: KeyColumn, encoding: KeyEncoding, timezone: string): KeyCodec | KeyProblem {
  if (encoding.kind === 'ulid')
    return textTypes.has(column.type) ? ulidCodec(timezone) : misfit(column, encoding, 'it needs a text column');
  return column.type === 'uuid' ? uuidv7Codec(timezone) : misfit(column, encoding, 'it needs a uuid column');
}

function checkedEpoch(column: KeyColumn, kind: EpochKind, timezone: string): KeyCodec | KeyProblem {
  const number = numberText(column);
  const narrowest = kind === 'epoch-s' ? 'an integer (until 2038), bigint or numeric column' : 'a bigint or numeric column';
  const isTooNarrow = column.type === 'smallint' || (column.type === 'integer' && kind !== 'epoch-s');
  if (number === null || isTooNarrow) return misfit(column, { kind }, `it needs ${narrowest}`);
  if (number.scale < 0) return { problem: `${subject(column)}${negativeScale}` };
  return epochCodec(number, unitsPerSecond[kind], timezone);
}

function checkedSnowflake(
  column: KeyColumn,
  encoding: Extract<KeyEncoding, { kind: 'snowflake' }>,
  timezone: string,
): KeyCodec | KeyProblem {
  const number = numberText(column);
  const isWide = column.type === 'bigint' || column.type === 'numeric';
  if (number === null || !isWide) return misfit(column, encoding, 'it needs a bigint or numeric column');
  if (number.scale !== 0) return misfit(column, encoding, 'a Snowflake is a whole number; give the column the scale 0');
  if (!Number.isInteger(encoding.shift) || encoding.shift < 0 || encoding.shift > 62) {
    return { problem: `a Snowflake's shift is a whole number from 0 to 62, not ${encoding.shift}; most generators use 22` };
  }
  return snowflakeCodec(number, encoding.epochMs, encoding.shift, timezone);
}

function misfit(column: KeyColumn, encoding: KeyEncoding, reason: string): KeyProblem {
  const isTime = timeTypes.has(column.type) || column.type === 'uuid';
  const fix = isTime ? '; set key.encoding to auto' : '';
  return { problem: `key.encoding ${encoding.kind} does not fit: ${subject(column)}, and ${reason}${fix}` };
}

function subject(column: KeyColumn): string {
  return `key column "${column.name}" is of type ${column.type}`;
}
