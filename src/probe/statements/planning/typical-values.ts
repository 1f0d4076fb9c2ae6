import { formatInstant } from '../../../partition/calendar.ts';
import type { KeyCodec } from '../../../partition/key.ts';
import { isPosition, type Position, type Range } from '../../../partition/position.ts';
import type { ParameterUse } from '../syntax/parameter-uses.ts';
import type { ParameterType } from './parameters.sql.ts';

/** What is known when a statement's parameters get values. */
export interface TypicalRequest {
  readonly types: readonly ParameterType[];
  readonly uses: readonly ParameterUse[];
  /** Of parameters that only certain words fit. */
  readonly words: ReadonlyMap<number, string>;
  readonly key: { readonly type: string; readonly codec: KeyCodec; readonly range: Range | null };
  /** Whether a use is of the partition key of the table that is looked at. */
  readonly isKey: (use: ParameterUse) => boolean;
  /** A typical value of the column; null when the statistics have none. */
  readonly valueOf: (use: ParameterUse) => { readonly value: string; readonly category: string } | null;
}

export interface TypicalValues {
  /** In the order of the parameters, as text; null is NULL. The user's data: for the server only, never printed. */
  readonly values: readonly (string | null)[];
  /** Whether all have one: a condition with NULL is never true, so that such a plan says nothing. */
  readonly isComplete: boolean;
}

/**
 * One value for each parameter: from the current range for what is compared with the key, else from the statistics of the column that it is
 * compared with, else something harmless of its type. Pure, throws nothing.
 */
export function typicalValues(request: TypicalRequest): TypicalValues {
  const values = request.types.map((type, i) => typicalValue(type, i + 1, request));
  return { values, isComplete: !values.includes(null) };
}

function typicalValue(type: ParameterType, parameter: number, request: TypicalRequest): string | null {
  const word = request.words.get(parameter);
  if (word !== undefined) return word;
  const uses = request.uses.filter((use) => use.parameter === parameter);
  const ofKey = uses.find(request.isKey);
  const value = ofKey === undefined ? fromStatistics(uses, type, request) : keyValue(ofKey, type, request.key);
  return value ?? neutralValue(type);
}

/** Of another category than the parameter is a column that it only stands near to: `at > now() - $1`. */
function fromStatistics(uses: readonly ParameterUse[], type: ParameterType, { valueOf }: TypicalRequest): string | null {
  for (const use of uses) {
    const known = valueOf(use);
    const isItem = use.isArray && type.category === 'A';
    if (known !== null && (isItem || known.category === type.category)) return asItem(known.value, use, type);
  }
  return null;
}

/** An array's only item. */
function asItem(value: string, use: ParameterUse, { category }: Pick<ParameterType, 'category'>): string {
  return use.isArray && category === 'A' ? `{"${value.replace(/["\\]/g, '\\$&')}"}` : value;
}

/** The type of an array is its item's with brackets. */
function keyValue(
  use: ParameterUse,
  { type, category }: ParameterType,
  { type: keyType, codec, range }: TypicalRequest['key'],
): string | null {
  const position = range === null ? null : positionFor(use.operator, range, codec);
  if (category === 'T' || position === null) return null;
  return asItem(keyText(position, { type, category }, keyType, codec), use, { category });
}

function keyText(
  position: Position,
  { type, category }: Pick<ParameterType, 'type' | 'category'>,
  keyType: string,
  codec: KeyCodec,
): string {
  if (codec.axis === 'integer' || isSameType(type, keyType) || !isCalendarType(keyType)) return codec.format(position);
  const instant = codec.instantOf(position);
  // to_timestamp($1)
  return category === 'N' ? String(instant / 1_000_000n) : formatInstant(instant);
}

/** The first key of the range, or its last one where the column is to be less; where that end is open, the other. */
function positionFor(operator: ParameterUse['operator'], { from, to }: Range, codec: KeyCodec): Position | null {
  const first = isPosition(from) ? from : null;
  const last = isPosition(to) ? to - 1n : null;
  const position = operator === '<' || operator === '<=' ? (last ?? first) : (first ?? last);
  if (position === null) return null;
  return position < codec.min ? codec.min : position > codec.max ? codec.max : position;
}

function isSameType(type: string, keyType: string): boolean {
  return type.replace(/\[\]$/, '') === keyType;
}

function isCalendarType(type: string): boolean {
  return type.startsWith('timestamp') || type === 'date';
}

const neutralByType: Readonly<Record<string, string>> = {
  uuid: '00000000-0000-0000-0000-000000000000',
  json: '{}',
  jsonb: '{}',
  jsonpath: '$',
  bytea: '\\x00',
  'time without time zone': '00:00',
  'time with time zone': '00:00Z',
  xml: '<a/>',
  tsquery: 'a',
  tsvector: 'a',
  'bit varying': '0',
  bit: '0',
};

const neutralByCategory: Readonly<Record<string, string>> = {
  A: '{}',
  B: 'true',
  D: '2025-01-01',
  I: '127.0.0.1',
  N: '1',
  R: 'empty',
  S: 'a',
  T: '1 day',
};

function neutralValue({ type, category, firstLabel }: ParameterType): string | null {
  return firstLabel ?? neutralByType[type] ?? neutralByCategory[category] ?? null;
}
