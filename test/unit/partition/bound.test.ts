import { describe, expect, it } from 'vitest';
import { parseBound } from '../../../src/partition/bound.ts';
import type { KeyCodec } from '../../../src/partition/key.ts';
import { isRangePartition, type Partition } from '../../../src/partition/partition.ts';
import { compareEdges, contains, isPosition, MAXVALUE, MINVALUE, overlaps } from '../../../src/partition/position.ts';
import { codecOf } from './key-support.ts';

describe('parseBound', () => {
  it.each([
    [
      'timestamp with time zone',
      "FOR VALUES FROM ('2025-01-01 00:00:00+00') TO ('2025-04-01 00:00:00+00')",
      1_735_689_600_000_000n,
      1_743_465_600_000_000n,
    ],
    ['date', "FOR VALUES FROM (MINVALUE) TO ('1970-01-02')", MINVALUE, 1n],
    ['date', "FOR VALUES FROM ('1970-01-02') TO (MAXVALUE)", 1n, MAXVALUE],
    ['date', "FOR VALUES FROM ('-infinity') TO ('infinity')", -(2n ** 31n) + 10_957n, 2n ** 31n + 10_956n],
    ['integer', 'FOR VALUES FROM (0) TO (10)', 0n, 10n],
    ['integer', "FOR VALUES FROM ('-10') TO (0)", -10n, 0n],
    ['integer', 'FOR VALUES FROM (-10) TO (-5)', -10n, -5n],
    ['bigint', "FOR VALUES FROM ('0') TO ('9223372036854775807')", 0n, 2n ** 63n - 1n],
    ['numeric', "FOR VALUES FROM ('-Infinity') TO ('Infinity')", MINVALUE, MAXVALUE],
    ['numeric', 'FOR VALUES FROM (1.000) TO (2.000)', 1n, 2n],
    ['uuid', "FOR VALUES FROM ('00000000-0000-0000-0000-000000000001') TO ('00000000-0000-0000-0000-00000000000a')", 1n, 10n],
  ])('%s: %s', (type, text, from, to) => {
    expect(parseBound(text, codecOf(type))).toEqual({ kind: 'range', from, to });
  });

  it('reads doubled quotes', () => {
    const seen: string[] = [];
    const codec: KeyCodec = { ...codecOf('bigint'), parse: (text) => BigInt(seen.push(text)) };
    expect(parseBound("FOR VALUES FROM ('it''s) TO (''') TO ('''')", codec)).toEqual({ kind: 'range', from: 1n, to: 2n });
    expect(seen).toEqual(["it's) TO ('", "'"]);
  });

  it('takes quoted MINVALUE and MAXVALUE for values', () => {
    expect(parseBound("FOR VALUES FROM ('MINVALUE') TO ('MAXVALUE')", codecOf('bigint')).kind).toBe('unreadable');
  });

  it('knows the default partition', () => {
    expect(parseBound('DEFAULT', codecOf('date'))).toEqual({ kind: 'default' });
  });

  it.each([
    ["FOR VALUES IN ('a', 'b')", 'it is no RANGE partition'],
    ['FOR VALUES WITH (modulus 4, remainder 0)', 'it is no RANGE partition'],
    ["FOR VALUES FROM (1, 'a') TO (2, 'b')", 'its key has several columns'],
    ["FOR VALUES FROM ('1', 'a') TO ('2', 'b')", 'its key has several columns'],
    ["FOR VALUES FROM (1) TO (2, 'b')", 'its key has several columns'],
    ['FOR VALUES FROM (1) TO (2', 'its bound is not understood'],
    ['FOR VALUES FROM (1) TO (2) ', 'its bound is not understood'],
    ["FOR VALUES FROM (1) TO ('2'x", 'its bound is not understood'],
    ["FOR VALUES FROM ('1) TO (2)", 'its bound is not understood'],
    ["FOR VALUES FROM ('1''", 'its bound is not understood'],
    ['FOR VALUES FROM () TO (2)', 'its bound is not understood'],
    ['FOR VALUES FROM (1', 'its bound is not understood'],
    ['', 'it is no RANGE partition'],
    ["FOR VALUES FROM ('x') TO (2)", '"x" is no value of a key of type numeric'],
    ['FOR VALUES FROM (1.5) TO (2)', 'more than the 0 digits after the point'],
    ['FOR VALUES FROM (2) TO (2)', 'its lower bound is not below its upper bound'],
    ["FOR VALUES FROM ('Infinity') TO ('NaN')", 'its lower bound is not below its upper bound'],
    [`FOR VALUES IN ('${'x'.repeat(500)}')`, '...'],
  ])('cannot read %s', (text, reason) => {
    const bound = parseBound(text, codecOf('numeric'));
    expect(bound).toEqual({ kind: 'unreadable', reason: expect.stringContaining(reason) });
    expect(bound.kind === 'unreadable' && bound.reason.length).toBeLessThanOrEqual(160);
  });

  it('lets a bug through', () => {
    const bug = new TypeError('bug');
    const codec: KeyCodec = {
      ...codecOf('bigint'),
      parse: () => {
        throw bug;
      },
    };
    expect(() => parseBound('FOR VALUES FROM (1) TO (2)', codec)).toThrow(bug);
  });
});

describe('ranges', () => {
  const range = { from: 10n, to: 20n };

  it('hold their lower bound and not their upper one', () => {
    expect([9n, 10n, 19n, 20n].map((p) => contains(range, p))).toEqual([false, true, true, false]);
    expect(contains({ from: MINVALUE, to: MAXVALUE }, -(10n ** 40n))).toBe(true);
  });

  it('overlap when they share a position', () => {
    const others = [
      { from: 0n, to: 10n },
      { from: 0n, to: 11n },
      { from: 19n, to: MAXVALUE },
      { from: 20n, to: MAXVALUE },
    ];
    expect(others.map((other) => overlaps(range, other))).toEqual([false, true, true, false]);
    expect(others.map((other) => overlaps(other, range))).toEqual([false, true, true, false]);
  });

  it('sort by their edges', () => {
    expect([5n, MAXVALUE, -5n, MINVALUE, 5n].toSorted(compareEdges)).toEqual([MINVALUE, -5n, 5n, 5n, MAXVALUE]);
    expect([5n, MAXVALUE].map(isPosition)).toEqual([true, false]);
  });

  it('belong to partitions whose bound was read', () => {
    const partition: Omit<Partition, 'bound'> = {
      oid: '1',
      name: { schema: 'public', name: 't' },
      kind: 'table',
      boundText: '',
      isDetachPending: false,
      estimatedRows: -1,
      estimatedBytes: 0,
    };
    expect(isRangePartition({ ...partition, bound: { kind: 'range', ...range } })).toBe(true);
    expect(isRangePartition({ ...partition, bound: { kind: 'default' } })).toBe(false);
  });
});
