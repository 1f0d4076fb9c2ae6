import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance, createGrid } from '../../../src/partition/grid.ts';
import { byteLength } from '../../../src/partition/identifier.ts';
import { indexNameOn } from '../../../src/partition/index-definition.ts';
import { formatInterval, formatSpan, parseInterval, parseSpan } from '../../../src/partition/interval.ts';
import { checkTemplate, defaultTemplate } from '../../../src/partition/name-template.ts';
import { defaultPartitionName, partitionName } from '../../../src/partition/partition-name.ts';
import { formatQualifiedName, parseQualifiedName } from '../../../src/partition/qualified-name.ts';
import { calendarInterval, codecFor, instant, timeKeys } from './arbitraries.ts';

const name = fc
  .oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[a-zA-Z0-9_."$ ]{1,63}$/))
  .filter((text) => text !== '' && !text.includes('\0') && byteLength(text) <= 63);

/** They tend to differ only where they are cut. */
const longName = fc.oneof(
  name,
  fc.stringMatching(/^[a-z]{1,7}$/).map((end) => 'p'.repeat(56) + end),
);

const [timestamptz] = timeKeys;
const tokens = ['{yyyy}', '{yy}', '{mm}', '{dd}', '{hh}', '{mi}', '{gggg}', '{ww}', '{q}'] as const;

describe('names', () => {
  it('survive quoting and reading back', () => {
    fc.assert(
      fc.property(name, name, (schema, relation) => {
        expect(parseQualifiedName(formatQualifiedName({ schema, name: relation }))).toEqual({ schema, name: relation });
      }),
    );
  });

  it('count UTF-8 bytes as the platform does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(byteLength(text)).toBe(Buffer.byteLength(text));
      }),
    );
  });

  it('of indexes of partitions fit into 63 bytes, and differ where partitions do', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), longName, longName, (index, one, other) => {
        const [first, second] = [one, other].map((partition) => indexNameOn(index, { schema: 's', name: partition }).name);
        expect(byteLength(first ?? '')).toBeLessThanOrEqual(63);
        if (one !== other) expect(first).not.toBe(second);
      }),
    );
  });

  it('of partitions fit into 63 bytes, whatever number they get', () => {
    if (timestamptz === undefined) throw new Error('no key');
    const codec = codecFor(timestamptz, 'Europe/Paris');
    fc.assert(
      fc.property(name, calendarInterval, instant, fc.integer({ min: 2, max: 120 }), (table, interval, t, ordinal) => {
        const template = defaultTemplate(interval);
        const range = { from: t, to: t + 1n };
        const names = [
          partitionName(template, table, codec, range),
          partitionName(template, table, codec, range, ordinal),
          defaultPartitionName(table),
        ];
        expect(new Set(names).size).toBe(names.length);
        for (const text of names) expect(byteLength(text)).toBeLessThanOrEqual(63);
        const isWhole = (text: string): boolean => Buffer.from(text).toString() === text;
        expect(!isWhole(table) || names.every(isWhole)).toBe(true);
      }),
    );
  });

  it('of different intervals differ under every template that is accepted', () => {
    if (timestamptz === undefined) throw new Error('no key');
    const codec = codecFor(timestamptz, 'UTC');
    let accepted = 0;
    fc.assert(
      fc.property(fc.subarray([...tokens]), calendarInterval, instant, fc.integer({ min: 1, max: 400 }), (some, interval, t, distance) => {
        const template = `{table}_${some.join('_')}`;
        const grid = createGrid(interval, codec);
        if (checkTemplate(template, interval) !== null || 'problem' in grid) return;
        const first = grid.floor(t);
        const second = advance(grid, first, distance);
        // `{yy}` may repeat after a century.
        if (second - first > 99n * 31_556_952_000_000n) return;
        accepted += 1;
        const nameOf = (from: bigint): string => partitionName(template, 't', codec, { from, to: grid.next(from) });
        expect(nameOf(first)).not.toBe(nameOf(second));
        expect(nameOf(first)).not.toBe(nameOf(grid.next(first)));
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

describe('intervals and spans', () => {
  it('survive being written and read back', () => {
    fc.assert(
      fc.property(calendarInterval, fc.bigInt({ min: 1n, max: 10n ** 30n }), (interval, step) => {
        expect(parseInterval(formatInterval(interval))).toEqual(interval);
        expect(parseInterval(formatInterval({ kind: 'integer', step }))).toEqual({ kind: 'integer', step });
      }),
    );
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), fc.nat(100_000), (months, days, minutes) => {
        const span = { kind: 'calendar', months, days, micros: BigInt(minutes) * 60_000_000n } as const;
        expect(parseSpan(formatSpan(span))).toEqual(span);
      }),
    );
  });
});
