import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBound } from '../../../src/partition/bound.ts';
import { advance, createGrid, dataHorizon } from '../../../src/partition/grid.ts';
import { MAXVALUE, MINVALUE } from '../../../src/partition/position.ts';
import { calendarInterval, codecFor, instant, integerKeys, type Key, positionOf, timeKeys, zone } from './arbitraries.ts';

const named = (keys: readonly Key[]): readonly (readonly [string, Key])[] =>
  keys.map((key) => [`${key.type}${key.scale === null ? '' : `(${key.scale})`} ${key.encoding.kind}`, key]);

describe.each(named([...timeKeys, ...integerKeys]))('a key of %s', (_, key) => {
  const codec = codecFor(key, 'Europe/Paris');
  const position = positionOf(codec);

  it('reads back every position that it writes', () => {
    fc.assert(
      fc.property(position, (p) => {
        expect(codec.parse(codec.format(p))).toBe(p);
      }),
    );
  });

  it('reads back every bound that it writes', () => {
    fc.assert(
      fc.property(position, position, (a, b) => {
        fc.pre(a !== b);
        const [from, to] = a < b ? [a, b] : [b, a];
        const text = (edge: bigint): string => `'${codec.format(edge)}'`;
        expect(parseBound(`FOR VALUES FROM (${text(from)}) TO (${text(to)})`, codec)).toEqual({ kind: 'range', from, to });
        expect(parseBound(`FOR VALUES FROM (MINVALUE) TO (${text(to)})`, codec)).toEqual({ kind: 'range', from: MINVALUE, to });
        expect(parseBound(`FOR VALUES FROM (${text(from)}) TO (MAXVALUE)`, codec)).toEqual({ kind: 'range', from, to: MAXVALUE });
      }),
    );
  });

  it('never throws anything but a RangeError at text from elsewhere', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-0-9: +.A-Za-z]{0,30}$/)), (text) => {
        expect(['range', 'default', 'unreadable']).toContain(
          parseBound(`FOR VALUES FROM ('${text.replaceAll("'", "''")}') TO (MAXVALUE)`, codec).kind,
        );
      }),
    );
  });
});

describe.each(named(timeKeys))('time in a key of %s', (_, key) => {
  it('is cut into intervals without gap or overlap', () => {
    fc.assert(
      fc.property(calendarInterval, zone, instant, (interval, in_, t) => {
        const codec = codecFor(key, in_);
        const grid = createGrid(interval, codec);
        if ('problem' in grid) {
          expect(key.type).toBe('date');
          return;
        }
        const p = codec.positionOf(t);
        const [floor, next] = [grid.floor(p), grid.next(p)];
        expect(floor <= p && p < next).toBe(true);
        expect(grid.floor(next - 1n)).toBe(floor);
        expect(grid.floor(next)).toBe(next);
        expect(grid.previous(next)).toBe(floor);
        expect(grid.next(grid.previous(floor))).toBe(floor);
        const horizon = dataHorizon(grid, p, 1);
        expect([advance(grid, next, 2) - 1n, codec.min, codec.max]).toContain(horizon);
        expect(horizon >= codec.min && horizon <= codec.max).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('rounds an instant down to a key and a calendar time up to a bound', () => {
    fc.assert(
      fc.property(instant, (t) => {
        const codec = codecFor(key, 'UTC');
        expect(codec.instantOf(codec.positionOf(t)) <= t).toBe(true);
        expect(codec.toCalendar(codec.fromCalendar(t)) >= t).toBe(true);
        expect(codec.toCalendar(codec.fromCalendar(t) - 1n) < t).toBe(true);
        expect(codec.positionOf(t) <= codec.fromCalendar(t)).toBe(true);
      }),
    );
  });
});

describe.each(named(integerKeys))('numbers in a key of %s', (_, key) => {
  it('are cut into steps without gap or overlap', () => {
    const codec = codecFor(key, 'UTC');
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 4n }), positionOf(codec), (step, p) => {
        const grid = createGrid({ kind: 'integer', step }, codec);
        if ('problem' in grid) throw new Error(grid.problem);
        const [floor, next] = [grid.floor(p), grid.next(p)];
        expect(floor <= p && p < next).toBe(true);
        expect(next - floor).toBe(step * 10n ** BigInt(key.scale ?? 0));
        expect(grid.floor(next - 1n)).toBe(floor);
        expect(grid.previous(next)).toBe(floor);
      }),
    );
  });
});
