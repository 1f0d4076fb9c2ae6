import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../../src/partition/calendar.ts';
import { advance, createGrid, dataHorizon, type Grid, keyDistance } from '../../../src/partition/grid.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { KeyCodec } from '../../../src/partition/key.ts';
import { codecOf } from './key-support.ts';

const at = (text: string): bigint => parseInstant(text, 'UTC');

function gridOf(interval: string, codec: KeyCodec): Grid {
  const grid = createGrid(parseInterval(interval), codec);
  if ('problem' in grid) throw new Error(grid.problem);
  return grid;
}

describe('createGrid', () => {
  it.each([
    ['bigint', '1000', null, '1500', ['1000', '2000', '1000', '0']],
    ['bigint', '1000', null, '-1', ['-1000', '0', '-1000', '-2000']],
    ['bigint', '1000', null, '-1000', ['-1000', '0', '-2000', '-2000']],
    ['smallint', '7', null, '0', ['0', '7', '-7', '-7']],
    ['numeric', '10', 2, '12.34', ['10.00', '20.00', '10.00', '0.00']],
    ['date', '1 month', null, '2025-03-01', ['2025-03-01', '2025-04-01', '2025-02-01', '2025-02-01']],
    ['date', '1 week', null, '2025-03-12', ['2025-03-10', '2025-03-17', '2025-03-10', '2025-03-03']],
    [
      'timestamp without time zone',
      '6 hours',
      null,
      '2025-03-30 02:30:00',
      ['2025-03-30 00:00:00', '2025-03-30 06:00:00', '2025-03-30 00:00:00', '2025-03-29 18:00:00'],
    ],
  ] as const)('cuts %s by %s (scale %s) at %s', (type, interval, scale, text, [floor, next, previous, second]) => {
    const codec = codecOf(type, { kind: 'auto' }, 'Europe/Paris', scale);
    const grid = gridOf(interval, codec);
    const p = codec.parse(text) as bigint;
    expect(codec.format(grid.floor(p))).toBe(floor);
    expect(codec.format(grid.next(p))).toBe(next);
    expect(codec.format(grid.previous(p))).toBe(previous);
    expect(codec.format(grid.previous(grid.floor(p)))).toBe(second);
    expect([grid.min, grid.max]).toEqual([codec.min, codec.max]);
  });

  it('cuts uuid by the days of the zone', () => {
    const codec = codecOf('uuid', { kind: 'auto' }, 'Europe/Paris');
    const grid = gridOf('1 day', codec);
    const p = codec.positionOf(at('2025-03-30T12:00:00Z')) + 5n;
    expect([grid.floor(p), grid.next(p), grid.previous(p)].map(codec.display)).toEqual([
      '2025-03-29T23:00:00Z',
      '2025-03-30T22:00:00Z',
      '2025-03-29T23:00:00Z',
    ]);
    expect(codec.display(grid.previous(grid.floor(p)))).toBe('2025-03-28T23:00:00Z');
    expect(grid.floor(grid.next(p) - 1n)).toBe(grid.floor(p));
  });

  it('rounds seconds up to the bound, never below it', () => {
    const codec = codecOf('bigint', { kind: 'epoch-ns' });
    const grid = gridOf('1 hour', codec);
    expect(grid.floor(3_600_000_000_000n - 1n)).toBe(0n);
    expect(grid.next(3_600_000_000_000n - 1n)).toBe(3_600_000_000_000n);
    expect(grid.floor(3_600_000_000_001n)).toBe(3_600_000_000_000n);
  });

  it.each([
    ['bigint', '1 month', 'write the interval as a whole number, or say how the number holds time with key.encoding'],
    ['timestamp with time zone', '1000', 'write it with a unit, such as 1 month'],
    ['date', '12 hours', 'the interval 12 hours is shorter than a day, but the key is a date; write 1 day or more'],
    ['date', '15 minutes', 'write 1 day or more'],
  ])('refuses %s by %s', (type, interval, fix) => {
    expect(createGrid(parseInterval(interval), codecOf(type))).toHaveProperty('problem', expect.stringContaining(fix));
  });

  it('ends where calendar time ends', () => {
    const grid = gridOf('1 year', codecOf('numeric', { kind: 'epoch-s' }));
    expect(() => grid.next(10n ** 40n)).toThrow('calendar time ends before the key value');
    expect(grid.floor(10n ** 40n) < 10n ** 40n).toBe(true);
  });
});

describe('advance', () => {
  const grid = gridOf('1 month', codecOf('timestamp with time zone'));

  it('steps forward, backward and not at all', () => {
    expect(advance(grid, at('2025-01-01'), 3)).toBe(at('2025-04-01'));
    expect(advance(grid, at('2025-01-01'), -2)).toBe(at('2024-11-01'));
    expect(advance(grid, at('2025-01-10'), 0)).toBe(at('2025-01-10'));
    expect(advance(grid, at('2025-01-10'), 1)).toBe(at('2025-02-01'));
  });
});

describe('dataHorizon', () => {
  it('ends with the interval that is twice the premade ones ahead', () => {
    const grid = gridOf('1 month', codecOf('timestamp with time zone'));
    expect(dataHorizon(grid, at('2025-01-10'), 4)).toBe(at('2025-10-01') - 1n);
    expect(dataHorizon(grid, at('2025-01-01'), 4)).toBe(at('2025-10-01') - 1n);
    expect(dataHorizon(grid, at('2025-01-10'), 0)).toBe(at('2025-04-01') - 1n);
  });

  it('stays within what the key can hold', () => {
    const integer = codecOf('integer');
    expect(dataHorizon(gridOf('1000000', integer), integer.max - 5n, 4)).toBe(integer.max);
    const uuid = codecOf('uuid');
    expect(dataHorizon(gridOf('1 day', uuid), uuid.positionOf(at('1900-01-01')), 4)).toBe(0n);
  });
});

describe('keyDistance', () => {
  it('counts in positions', () => {
    expect(keyDistance(5n, codecOf('bigint'))).toBe(5n);
    expect(keyDistance(5n, codecOf('numeric', { kind: 'auto' }, 'UTC', 3))).toBe(5000n);
  });
});
