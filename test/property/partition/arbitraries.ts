import fc from 'fast-check';
import { createKeyCodec } from '../../../src/partition/codec.ts';
import type { CalendarInterval } from '../../../src/partition/interval.ts';
import type { KeyCodec } from '../../../src/partition/key.ts';
import type { KeyEncoding } from '../../../src/partition/key-encoding.ts';

/** Zones with whole, half and quarter hours, half-hour shifts, repeated and skipped midnights, skipped days, and none of it. */
export const zones: readonly string[] = [
  'UTC',
  'Europe/Paris',
  'Europe/London',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'America/St_Johns',
  'America/Toronto',
  'America/Santiago',
  'America/Asuncion',
  'Atlantic/Azores',
  'Africa/Casablanca',
  'Africa/Cairo',
  'Asia/Kathmandu',
  'Asia/Beirut',
  'Asia/Tehran',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Pacific/Kwajalein',
  'Antarctica/Troll',
];

export const zone: fc.Arbitrary<string> = fc.constantFrom(...zones);

const year = 31_556_952_000_000n;

/** Instants from 1850 to 2250, with more of them near now, where zones have changed most. */
export const instant: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: -120n * year, max: 280n * year }),
  fc.bigInt({ min: 0n, max: 60n * year }),
);

export const calendarInterval: fc.Arbitrary<CalendarInterval> = fc.oneof(
  fc.record({
    kind: fc.constant('calendar' as const),
    count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })),
    unit: fc.constantFrom('minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'),
  }),
  fc.record({ kind: fc.constant('calendar' as const), count: fc.constantFrom(2, 3, 4, 6, 8, 12, 24), unit: fc.constant('hour' as const) }),
  fc.record({
    kind: fc.constant('calendar' as const),
    count: fc.constantFrom(5, 10, 15, 30, 45, 90),
    unit: fc.constant('minute' as const),
  }),
);

export interface Key {
  readonly type: string;
  readonly scale: number | null;
  readonly encoding: KeyEncoding;
}

export const snowflake: KeyEncoding = { kind: 'snowflake', epochMs: 1_288_834_974_657n, shift: 22 };

/** Every kind of key that holds time. */
export const timeKeys: readonly Key[] = [
  { type: 'timestamp with time zone', scale: null, encoding: { kind: 'auto' } },
  { type: 'timestamp without time zone', scale: null, encoding: { kind: 'auto' } },
  { type: 'date', scale: null, encoding: { kind: 'auto' } },
  { type: 'uuid', scale: null, encoding: { kind: 'uuidv7' } },
  { type: 'text', scale: null, encoding: { kind: 'ulid' } },
  { type: 'bigint', scale: null, encoding: { kind: 'epoch-s' } },
  { type: 'numeric', scale: 3, encoding: { kind: 'epoch-s' } },
  { type: 'bigint', scale: null, encoding: { kind: 'epoch-ms' } },
  { type: 'numeric', scale: null, encoding: { kind: 'epoch-us' } },
  { type: 'bigint', scale: null, encoding: { kind: 'epoch-ns' } },
  { type: 'bigint', scale: null, encoding: snowflake },
];

/** Every kind of key that only counts. */
export const integerKeys: readonly Key[] = [
  { type: 'smallint', scale: null, encoding: { kind: 'auto' } },
  { type: 'integer', scale: null, encoding: { kind: 'auto' } },
  { type: 'bigint', scale: null, encoding: { kind: 'integer' } },
  { type: 'numeric', scale: null, encoding: { kind: 'auto' } },
  { type: 'numeric', scale: 4, encoding: { kind: 'auto' } },
];

export function codecFor(key: Key, timezone: string): KeyCodec {
  const codec = createKeyCodec({ name: 'k', type: key.type, scale: key.scale, collation: null }, key.encoding, timezone);
  if ('problem' in codec) throw new Error(codec.problem);
  return codec;
}

/** Positions that a key's type can hold. */
export function positionOf(codec: KeyCodec): fc.Arbitrary<bigint> {
  const numericLimit = 10n ** 60n;
  const min = codec.min < -numericLimit ? -numericLimit : codec.min;
  const max = codec.max > numericLimit ? numericLimit : codec.max;
  return fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max));
}
