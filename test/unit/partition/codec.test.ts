import { describe, expect, it } from 'vitest';
import { formatInstant, parseInstant } from '../../../src/partition/calendar.ts';
import { createKeyCodec } from '../../../src/partition/codec.ts';
import type { KeyEncoding } from '../../../src/partition/key-encoding.ts';
import { codecOf, keyColumn, twitter } from './key-support.ts';

const at = (text: string): bigint => parseInstant(text, 'UTC');
const timestamptz = 'timestamp with time zone';
const timestamp = 'timestamp without time zone';

describe('values of time columns', () => {
  // type, PostgreSQL's text, position, what people see
  it.each([
    [timestamptz, '2025-01-01 00:00:00+00', at('2025-01-01'), '2025-01-01T00:00:00Z'],
    [timestamptz, '2025-01-01 12:34:56.789+00', at('2025-01-01T12:34:56.789Z'), '2025-01-01T12:34:56.789Z'],
    [timestamptz, '1969-12-31 23:59:59.999999+00', -1n, '1969-12-31T23:59:59.999999Z'],
    [timestamptz, '0001-01-01 00:00:00+00', at('0001-01-01'), '0001-01-01T00:00:00Z'],
    [timestamptz, '0001-12-31 00:00:00+00 BC', at('0000-12-31'), '0000-12-31T00:00:00Z'],
    [timestamptz, '0044-03-15 12:00:00.5+00 BC', at('-000043-03-15T12:00:00.5Z'), '-000043-03-15T12:00:00.5Z'],
    [timestamptz, '4714-11-24 00:00:00+00 BC', -210_866_803_200_000_000n, '-004713-11-24T00:00:00Z'],
    [timestamptz, '9999-12-31 23:59:59+00', at('9999-12-31T23:59:59Z'), '9999-12-31T23:59:59Z'],
    [timestamptz, '10000-01-01 00:00:00+00', at('+010000-01-01'), '+010000-01-01T00:00:00Z'],
    [timestamptz, '294276-12-31 23:59:59.999999+00', 9_224_318_015_999_999_999n, '+294276-12-31T23:59:59.999999Z'],
    [timestamptz, 'infinity', 2n ** 63n - 1n + 946_684_800_000_000n, 'infinity'],
    [timestamptz, '-infinity', -(2n ** 63n) + 946_684_800_000_000n, '-infinity'],
    [timestamp, '2025-01-01 00:00:00', at('2025-01-01'), '2025-01-01T00:00:00'],
    [timestamp, '0044-03-15 12:00:00 BC', at('-000043-03-15T12:00:00'), '-000043-03-15T12:00:00'],
    [timestamp, 'infinity', 2n ** 63n - 1n + 946_684_800_000_000n, 'infinity'],
    ['date', '2025-01-01', 20_089n, '2025-01-01'],
    ['date', '1969-12-31', -1n, '1969-12-31'],
    ['date', '4714-11-24 BC', -2_440_588n, '-004713-11-24'],
    ['date', '5874897-12-31', 2_145_042_905n, '+5874897-12-31'],
    ['date', 'infinity', 2n ** 31n - 1n + 10_957n, 'infinity'],
    ['date', '-infinity', -(2n ** 31n) + 10_957n, '-infinity'],
  ])('%s %s', (type, text, position, shown) => {
    const codec = codecOf(type);
    expect(codec.parse(text)).toBe(position);
    expect(codec.format(position)).toBe(text);
    expect(codec.display(position)).toBe(shown);
  });

  it('reads what a session in another zone would print, exactly', () => {
    const codec = codecOf(timestamptz);
    expect(codec.parse('2025-01-01 05:45:00+05:45')).toBe(at('2025-01-01'));
    expect(codec.parse('1880-01-01 00:00:00-04:56:02')).toBe(at('1880-01-01T04:56:02Z'));
  });

  it('sorts the infinities beyond every finite value', () => {
    for (const codec of [codecOf(timestamptz), codecOf(timestamp), codecOf('date')]) {
      expect(codec.parse('infinity') > codec.max).toBe(true);
      expect(codec.parse('-infinity') < codec.min).toBe(true);
    }
  });

  it.each([timestamptz, timestamp])('refuses what is no %s', (type) => {
    const codec = codecOf(type);
    const texts = [
      '',
      '2025-02-29 00:00:00+00',
      '2025-13-01 00:00:00+00',
      '2025-01-01 24:00:00+00',
      '2025-01-01 00:60:00+00',
      '0000-01-01 00:00:00+00',
      '2025-01-01 00:00:6x+00',
      '2025-01-01 x0:00:00+00',
      '2025-01-01T00:00:00+00',
      '01/02/2025 00:00:00 UTC',
      '2025-01-01',
      '2025-01-01 00:00:00+99',
      '2025-1-01 000:00:00+00',
      '2025-01-1  00:00:00+00',
      '2025-01-01 000000:00+00',
      '2025-01-01 00:00000+00',
      'x'.repeat(100),
      '0000-01-01 00:00:00+00 BC',
    ];
    for (const text of texts) expect(() => codec.parse(text), text).toThrow(RangeError);
  });

  it('refuses what is no date', () => {
    for (const text of ['', '2025-02-29', '2025-01-01 00:00:00', '0000-01-01', 'today', '2100-02-29']) {
      expect(() => codecOf('date').parse(text), text).toThrow('is no date');
    }
  });

  it('refuses to write what the type cannot hold', () => {
    expect(() => codecOf(timestamptz).format(at('+294277-01-01'))).toThrow(
      '+294277-01-01T00:00:00 is outside what a key of type timestamp with time zone can hold',
    );
    expect(() => codecOf(timestamp).format(at('-004713-11-23'))).toThrow('outside what a key of type timestamp without time zone can hold');
    expect(() => codecOf('date').format(2_145_042_906n)).toThrow('+5874898-01-01 is outside what a key of type date can hold');
  });
});

describe('time of time columns', () => {
  const noon = at('2025-07-01T20:00:00Z');

  it('is the instant itself for timestamptz', () => {
    const codec = codecOf(timestamptz, { kind: 'auto' }, 'Asia/Tokyo');
    expect([codec.positionOf(noon), codec.instantOf(noon), codec.fromCalendar(noon), codec.toCalendar(noon)]).toEqual([
      noon,
      noon,
      noon,
      noon,
    ]);
    expect(codec.calendarZone).toBe('Asia/Tokyo');
  });

  it('is what the clocks of the zone show for timestamp', () => {
    const codec = codecOf(timestamp, { kind: 'auto' }, 'Asia/Tokyo');
    expect(codec.calendarZone).toBe('UTC');
    expect(codec.display(codec.positionOf(noon))).toBe('2025-07-02T05:00:00');
    expect(codec.instantOf(codec.positionOf(noon))).toBe(noon);
    expect([codec.fromCalendar(noon), codec.toCalendar(noon)]).toEqual([noon, noon]);
  });

  it('is the day on the clocks of the zone for date', () => {
    const codec = codecOf('date', { kind: 'auto' }, 'Asia/Tokyo');
    expect(codec.display(codec.positionOf(noon))).toBe('2025-07-02');
    expect(formatInstant(codec.instantOf(codec.positionOf(noon)))).toBe('2025-07-01T15:00:00Z');
    expect(codec.display(codec.fromCalendar(noon))).toBe('2025-07-02');
    expect(formatInstant(codec.toCalendar(codec.fromCalendar(noon)))).toBe('2025-07-02T00:00:00Z');
    expect(codec.display(codec.fromCalendar(at('2025-07-01')))).toBe('2025-07-01');
  });
});

describe('numbers', () => {
  it.each([
    ['smallint', null, '-32768', -32_768n],
    ['integer', null, '2147483647', 2_147_483_647n],
    ['bigint', null, '-9223372036854775808', -(2n ** 63n)],
    ['numeric', null, '123456789012345678901234567890', 123_456_789_012_345_678_901_234_567_890n],
    ['numeric', 0, '-5', -5n],
    ['numeric', 2, '10.50', 1050n],
    ['numeric', 2, '-0.05', -5n],
    ['numeric', 3, '0.000', 0n],
  ])('%s with scale %s: %s', (type, scale, text, position) => {
    const codec = codecOf(type, { kind: 'auto' }, 'UTC', scale);
    expect(codec.axis).toBe('integer');
    expect(codec.parse(text)).toBe(position);
    expect(codec.format(position)).toBe(text);
    expect(codec.display(position)).toBe(text);
  });

  it('reads trailing zeros that mean nothing', () => {
    expect(codecOf('numeric').parse('10.000')).toBe(10n);
    expect(codecOf('numeric', { kind: 'auto' }, 'UTC', 2).parse('7')).toBe(700n);
  });

  it('takes the infinities of numeric for open ends', () => {
    const codec = codecOf('numeric');
    expect(['Infinity', 'NaN', '-Infinity'].map(codec.parse)).toEqual([Infinity, Infinity, -Infinity]);
    expect([Infinity, -Infinity].map(codec.display)).toEqual(['MAXVALUE', 'MINVALUE']);
    expect(() => codecOf('bigint').parse('Infinity')).toThrow('"Infinity" is no value of a key of type bigint');
  });

  it.each([
    ['numeric', '10.5', 'more than the 0 digits after the point'],
    ['integer', '2147483648', 'outside what a key of type integer can hold'],
    ['smallint', '-32769', 'outside what a key of type smallint can hold'],
    ['bigint', '', 'is no value'],
    ['bigint', ' 1', 'is no value'],
    ['bigint', '0x10', 'is no value'],
    ['bigint', '--1', 'is no value'],
  ])('refuses %s %j', (type, text, complaint) => {
    expect(() => codecOf(type).parse(text)).toThrow(RangeError);
    expect(() => codecOf(type).parse(text)).toThrow(complaint);
  });

  it('refuses to write what the type cannot hold', () => {
    expect(() => codecOf('integer').format(2n ** 31n)).toThrow('2147483648 is outside what a key of type integer can hold');
  });

  it('has no calendar for numbers that only count', () => {
    const codec = codecOf('bigint');
    for (const ask of [codec.fromCalendar, codec.toCalendar, codec.positionOf, codec.instantOf]) expect(() => ask(0n)).toThrow(TypeError);
  });
});

describe('time in numbers', () => {
  const instant = at('2025-04-01T00:00:00.5Z');
  it.each([
    ['epoch-s', 'integer', null, 1_743_465_600n, 1_743_465_601n],
    ['epoch-s', 'numeric', 2, 174_346_560_050n, 174_346_560_050n],
    ['epoch-ms', 'bigint', null, 1_743_465_600_500n, 1_743_465_600_500n],
    ['epoch-us', 'numeric', null, 1_743_465_600_500_000n, 1_743_465_600_500_000n],
    ['epoch-ns', 'bigint', null, 1_743_465_600_500_000_000n, 1_743_465_600_500_000_000n],
  ] as const)('%s in %s with scale %s', (kind, type, scale, position, ceiling) => {
    const codec = codecOf(type, { kind }, 'Europe/Paris', scale);
    expect(codec.axis).toBe('time');
    expect(codec.calendarZone).toBe('Europe/Paris');
    expect(codec.positionOf(instant)).toBe(position);
    expect(codec.fromCalendar(instant)).toBe(ceiling);
    expect(codec.display(codec.fromCalendar(at('2025-04-01')))).toBe('2025-04-01T00:00:00Z');
    expect(codec.instantOf(codec.fromCalendar(at('2025-04-01')))).toBe(at('2025-04-01'));
    expect(codec.parse(codec.format(position))).toBe(position);
  });

  it('rounds nanoseconds down to microseconds and back up exactly', () => {
    const codec = codecOf('bigint', { kind: 'epoch-ns' });
    expect([1_999n, 2_000n, -1n, -1_000n].map(codec.toCalendar)).toEqual([1n, 2n, -1n, -1n]);
    expect(codec.fromCalendar(2n)).toBe(2_000n);
  });

  it('stops calendar time at the ends that arithmetic can hold', () => {
    const codec = codecOf('numeric', { kind: 'epoch-s' });
    expect(codec.toCalendar(10n ** 40n)).toBe(10n ** 25n);
    expect(codec.toCalendar(-(10n ** 40n))).toBe(-(10n ** 25n));
    expect(codec.display(10n ** 40n)).toMatch(/^\+\d+-\d\d-\d\dT/);
  });

  it('writes no epoch beyond 2038 into integer', () => {
    const codec = codecOf('integer', { kind: 'epoch-s' });
    expect(codec.format(codec.fromCalendar(at('2038-01-19T03:14:07Z')))).toBe('2147483647');
    expect(() => codec.format(codec.fromCalendar(at('2038-02-01')))).toThrow(
      '2038-02-01T00:00:00Z is outside what a key of type integer can hold',
    );
  });

  it('reads and writes Snowflakes', () => {
    const codec = codecOf('bigint', twitter, 'Asia/Tokyo');
    expect(codec.display(codec.parse('1541815603606036480'))).toBe('2022-06-28T16:07:40.105Z');
    expect(codec.format(codec.positionOf(at('2022-06-28T16:07:40.105999Z')))).toBe(
      String((1_656_432_460_105n - 1_288_834_974_657n) << 22n),
    );
    expect(codec.fromCalendar(at('2022-06-28T16:07:40.105001Z')) - codec.fromCalendar(at('2022-06-28T16:07:40.105Z'))).toBe(1n << 22n);
    expect(codec.calendarZone).toBe('Asia/Tokyo');
    expect(codec.display(-1n)).toBe('2010-11-04T01:42:54.656Z');
  });
});

describe('sortable identifiers', () => {
  it('reads and writes uuid version 7', () => {
    const codec = codecOf('uuid', { kind: 'auto' }, 'Europe/Paris');
    // The example of RFC 9562, appendix A.6.
    const position = codec.parse('017F22E2-79B0-7CC3-98C4-DC0C0C07398F');
    expect(position).toBe(0x017f22e279b07cc398c4dc0c0c07398fn);
    expect(codec.display(position)).toBe('2022-02-22T19:22:22Z');
    expect(codec.format(codec.fromCalendar(at('2022-02-22T19:22:22Z')))).toBe('017f22e2-79b0-0000-0000-000000000000');
    expect(codec.format(codec.positionOf(at('2022-02-22T19:22:22.000999Z')))).toBe('017f22e2-79b0-0000-0000-000000000000');
    expect(codec.instantOf(codec.max)).toBe(281_474_976_710_655_000n);
    expect(codec.format(codec.max)).toBe('ffffffff-ffff-ffff-ffff-ffffffffffff');
    expect(codecOf('uuid', { kind: 'uuidv7' }).parse('00000000-0000-0000-0000-000000000001')).toBe(1n);
  });

  it('reads and writes ULIDs', () => {
    const codec = codecOf('text', { kind: 'ulid' });
    // The example of the ULID specification: 01ARZ3NDEK is 1469922850259 ms.
    expect(codec.toCalendar(0n)).toBe(0n);
    expect(codec.display(codec.parse('01ARZ3NDEKTSV4RRFFQ69G5FAV'))).toBe('2016-07-30T23:54:10.259Z');
    expect(codec.format(codec.fromCalendar(at('2016-07-30T23:54:10.259Z')))).toBe('01ARZ3NDEK0000000000000000');
    expect(codec.parse('7ZZZZZZZZZZZZZZZZZZZZZZZZZ')).toBe(codec.max);
    expect(codec.format(codec.max)).toBe('7ZZZZZZZZZZZZZZZZZZZZZZZZZ');
    expect(codecOf('character', { kind: 'ulid' }).parse('00000000000000000000000001    ')).toBe(1n);
  });

  it('refuses times before 1970 and after 48 bits of milliseconds when writing', () => {
    for (const codec of [codecOf('uuid'), codecOf('character varying', { kind: 'ulid' })]) {
      expect(() => codec.format(codec.fromCalendar(at('1969-01-01')))).toThrow('1969-01-01T00:00:00Z is outside what a key of type');
      expect(() => codec.format(codec.max + 1n)).toThrow('+010889-08-02T05:31:50.656Z is outside');
    }
  });

  it.each([
    ['uuid', 'auto', '017f22e279b07cc398c4dc0c0c07398f', 'is no uuid'],
    ['uuid', 'auto', '017f22e2-79b0-7cc3-98c4-dc0c0c07398g', 'is no uuid'],
    ['text', 'ulid', '01arz3ndektsv4rrffq69g5fav', 'is no ULID'],
    ['text', 'ulid', '81ARZ3NDEKTSV4RRFFQ69G5FAV', 'the first at most 7'],
    ['text', 'ulid', '01ARZ3NDEKTSV4RRFFQ69G5FAI', 'is no ULID'],
    ['text', 'ulid', '01ARZ3NDEK', '26 upper-case letters'],
  ] as const)('refuses %s (%s) %s', (type, kind, text, complaint) => {
    expect(() => codecOf(type, { kind }).parse(text)).toThrow(complaint);
  });

  it('shows open ends', () => {
    for (const codec of [codecOf('uuid'), codecOf(timestamptz), codecOf(timestamp), codecOf('date'), codecOf('bigint', twitter)]) {
      expect([codec.display(-Infinity), codec.display(Infinity)]).toEqual(['MINVALUE', 'MAXVALUE']);
    }
  });
});

describe('createKeyCodec', () => {
  const cases: readonly (readonly [string, KeyEncoding, string])[] = [
    ['text', { kind: 'auto' }, 'set key.encoding to ulid'],
    ['double precision', { kind: 'auto' }, 'partitiond manages keys of type timestamptz'],
    ['jsonb', { kind: 'integer' }, 'is of type jsonb, which has no intervals'],
    ['date', { kind: 'integer' }, 'it needs a smallint, integer, bigint or numeric column; set key.encoding to auto'],
    ['uuid', { kind: 'integer' }, 'set key.encoding to auto'],
    ['text', { kind: 'integer' }, 'it needs a smallint, integer, bigint or numeric column'],
    ['text', { kind: 'epoch-s' }, 'it needs an integer (until 2038), bigint or numeric column'],
    ['smallint', { kind: 'epoch-s' }, 'it needs an integer (until 2038), bigint or numeric column'],
    ['integer', { kind: 'epoch-ms' }, 'it needs a bigint or numeric column'],
    [timestamptz, { kind: 'epoch-us' }, 'it needs a bigint or numeric column; set key.encoding to auto'],
    ['uuid', { kind: 'ulid' }, 'it needs a text column; set key.encoding to auto'],
    ['text', { kind: 'uuidv7' }, 'it needs a uuid column'],
    ['date', twitter, 'it needs a bigint or numeric column; set key.encoding to auto'],
    ['integer', twitter, 'it needs a bigint or numeric column'],
    ['bigint', { kind: 'snowflake', epochMs: 0n, shift: 63 }, 'a whole number from 0 to 62, not 63'],
    ['bigint', { kind: 'snowflake', epochMs: 0n, shift: -1 }, 'from 0 to 62'],
    ['bigint', { kind: 'snowflake', epochMs: 0n, shift: 1.5 }, 'from 0 to 62'],
  ];
  it.each(cases)('%s does not go with %o: %s', (type, encoding, fix) => {
    const result = createKeyCodec(keyColumn(type), encoding, 'UTC');
    expect(result).toHaveProperty('problem', expect.stringContaining(fix));
    if (!encoding.kind.startsWith('snow')) expect(result).toHaveProperty('problem', expect.stringContaining(`type ${type}`));
  });

  it('refuses scales that would round bounds', () => {
    const fix = expect.stringContaining('give it');
    expect(createKeyCodec(keyColumn('numeric', -3), { kind: 'auto' }, 'UTC')).toHaveProperty('problem', fix);
    expect(createKeyCodec(keyColumn('numeric', -3), { kind: 'epoch-s' }, 'UTC')).toHaveProperty('problem', fix);
    expect(createKeyCodec(keyColumn('numeric', 2), twitter, 'UTC')).toHaveProperty('problem', expect.stringContaining('the scale 0'));
  });

  it('refuses an unknown time zone', () => {
    expect(createKeyCodec(keyColumn('date'), { kind: 'auto' }, 'Mars/Base')).toHaveProperty(
      'problem',
      expect.stringContaining('"Mars/Base"'),
    );
  });
});
