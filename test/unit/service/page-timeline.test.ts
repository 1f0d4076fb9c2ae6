import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bar, barKinds, lanesOf } from '../../../src/service/page/timeline/bar.ts';
import { joinBars } from '../../../src/service/page/timeline/join-bars.ts';
import { one, placeOf } from '../../../src/service/page/timeline/place.ts';
import { margin, narrowest, scaleOf, ticksOf } from '../../../src/service/page/timeline/scale.ts';
import { spreadBars } from '../../../src/service/page/timeline/spread-bars.ts';
import { dailyPartitions, partitionStatus, tableStatus } from '../../support/served-status.ts';

/** Neighbouring bars from `from` on. */
function row(bars: readonly { readonly kind: Bar['kind']; readonly width: number }[], from = 0n): readonly Bar[] {
  let at = from;
  return bars.map(({ kind, width }, index) => {
    const start = at;
    at += BigInt(width);
    const count =
      kind === 'gap' ? { partitions: 0, gaps: 1, rows: 0, bytes: 0 } : { partitions: 1, gaps: 0, rows: index, bytes: index * 10 };
    return { kind, from: start, to: at, fromText: String(start), toText: String(at), name: kind === 'gap' ? null : `p${index}`, ...count };
  });
}

function alike(count: number, kind: Bar['kind'], width: number): readonly { readonly kind: Bar['kind']; readonly width: number }[] {
  return Array.from({ length: count }, () => ({ kind, width }));
}

const anyRow = fc
  .array(fc.record({ kind: fc.constantFrom(...barKinds), width: fc.integer({ min: 1, max: 1_000_000 }) }), {
    minLength: 1,
    maxLength: 2_000,
  })
  .map((bars) => row(bars));

function totals(bars: readonly Bar[]): readonly number[] {
  const sum = (value: (bar: Bar) => number): number => bars.reduce((total, bar) => total + value(bar), 0);
  return [sum(({ partitions }) => partitions), sum(({ gaps }) => gaps), sum(({ rows }) => rows), sum(({ bytes }) => bytes)];
}

describe('joined bars', () => {
  it('are few, lose nothing, and lie end to end in the same order', () => {
    fc.assert(
      fc.property(anyRow, fc.integer({ min: 5, max: 300 }), (bars, most) => {
        const joined = joinBars(bars, scaleOf(bars, null), most);
        expect(joined.length).toBeLessThanOrEqual(2 * most);
        expect(totals(joined)).toEqual(totals(bars));
        expect(joined[0]?.from).toBe(bars[0]?.from);
        expect(joined.at(-1)?.toText).toBe(bars.at(-1)?.toText);
        for (const [index, bar] of joined.entries()) if (index > 0) expect(bar.from).toBe(joined[index - 1]?.to);
      }),
    );
  });

  it('have one kind, where kinds change seldom', () => {
    const bars = row([...alike(5_000, 'past', 1), { kind: 'gap', width: 1 }, ...alike(5_000, 'future', 1)]);
    const joined = joinBars(bars, scaleOf(bars, null), 300);
    expect(joined.length).toBeLessThanOrEqual(303);
    expect(joined.filter(({ kind }) => kind === 'gap')).toEqual([bars[5_000]]);
    for (const { kind, partitions, gaps } of joined) expect([kind, gaps]).toEqual(partitions === 0 ? ['gap', 1] : [kind, 0]);
  });

  it('never lose a gap from sight, however often kinds change', () => {
    const bars = row(Array.from({ length: 4_000 }, (_, index) => ({ kind: index % 2 === 0 ? 'past' : 'gap', width: 1 })));
    const joined = joinBars(bars, scaleOf(bars, null), 300);
    expect(joined.length).toBeLessThanOrEqual(301);
    expect(new Set(joined.map(({ kind }) => kind))).toEqual(new Set(['gap']));
    expect(totals(joined).slice(0, 2)).toEqual([2_000, 2_000]);
  });

  it('leave bars alone that are wide enough', () => {
    const bars = row(alike(120, 'past', 1));
    expect(joinBars(bars, scaleOf(bars, null), 300)).toEqual(bars);
  });

  it('take the row count of partitions that were never analysed for unknown, not for 1 less', () => {
    const unknown = row(alike(1_000, 'future', 1)).map((bar) => ({ ...bar, rows: -1 }));
    expect(new Set(joinBars(unknown, scaleOf(unknown, null), 10).map(({ rows }) => rows))).toEqual(new Set([-1]));
  });
});

describe('drawn bars', () => {
  /** 200 changes of kind in a fiftieth of the width. */
  const holey = Array.from({ length: 200 }, (_, index) => ({ kind: index % 2 === 0 ? ('gap' as const) : ('past' as const), width: 1 }));
  const crowd = row([...alike(1, 'past', 5_000), ...holey, ...alike(1, 'past', 5_000)]);
  const drawn = (bars: readonly Bar[]) => {
    const scale = scaleOf(bars, null);
    return { scale, drawn: spreadBars(joinBars(bars, scale, 300), scale) };
  };

  it('leave a lone gap and the current partition of 10,000 in sight', () => {
    const bars = row([
      ...alike(5_000, 'past', 1),
      { kind: 'gap', width: 1 },
      ...alike(4_995, 'past', 1),
      { kind: 'current', width: 1 },
      ...alike(4, 'future', 1),
    ]);
    const all = drawn(bars).drawn;
    for (const kind of ['gap', 'current'] as const) {
      const index = all.findIndex(({ bar }) => bar.kind === kind);
      const [before, seen, after] = all.slice(index - 1, index + 2);
      if (before === undefined || seen === undefined || after === undefined) throw new Error(`No bar, or no neighbour: ${kind}`);
      expect([kind, seen.bar.partitions]).toEqual([kind, kind === 'gap' ? 0 : 1]);
      expect(seen.right - seen.left).toBeCloseTo(narrowest, 9);
      expect(before.right).toBeLessThanOrEqual(seen.left);
      expect(after.left).toBe(seen.right);
    }
  });

  it('are wide enough, never lie on each other, stay near their place, and lose nothing', () => {
    fc.assert(
      fc.property(anyRow, (bars) => {
        const { scale, drawn: all } = drawn(bars);
        expect(totals(all.map(({ bar }) => bar))).toEqual(totals(bars));
        for (const [index, { bar, left, right }] of all.entries()) {
          expect(right - left).toBeGreaterThan(narrowest - 1e-9);
          expect(left).toBeGreaterThanOrEqual((all[index - 1]?.right ?? 0) - 1e-9);
          expect(Math.abs(left - scale.at(bar.from, 'left'))).toBeLessThan(0.015);
          expect(right).toBeLessThan(1 + 1e-9);
        }
      }),
      { examples: [[crowd]] },
    );
  });

  it('stay where they are when their ranges overlap, as those of pending detaches may', () => {
    const [a, b] = row(alike(2, 'past', 10));
    if (a === undefined || b === undefined) throw new Error('two bars');
    const pending = { ...a, kind: 'detach-pending' as const };
    const scale = scaleOf([pending, a, b], null);
    expect(spreadBars([pending, a, b], scale).map(({ left }) => left)).toEqual([margin, margin, 0.5]);
  });

  it('do not leave the drawing, also those beyond its end', () => {
    const [bar] = row(alike(1, 'past', 10));
    if (bar === undefined) throw new Error('one bar');
    const scale = scaleOf([bar], null);
    const [last] = spreadBars([{ ...bar, from: bar.to === null ? null : bar.to + 5n * one, to: null }], scale);
    expect(last).toMatchObject({ left: 1 - narrowest, right: 1 });
  });
});

describe('the kinds of bars', () => {
  it('are told by state and order, with gaps where they belong', () => {
    const [first, second, third, last] = dailyPartitions('public.t', 1, 2);
    if (first === undefined || second === undefined || third === undefined || last === undefined) throw new Error('four partitions');
    const foreign = { ...first, state: 'foreign' as const };
    const pending = partitionStatus({ partition: 'public.leaving', state: 'detach-pending', from: '2026-05-10', to: '2026-05-11' });
    const rest = [
      partitionStatus({ partition: 'public.d', state: 'default' }),
      partitionStatus({ partition: 'public.u', state: 'unreadable' }),
    ];
    const detached = partitionStatus({ partition: 'public.old', state: 'detached', from: '2026-05-01', to: '2026-05-02' });
    const gaps = [{ from: '2026-05-18T00:00:00Z', to: '2026-05-19T00:00:00Z' }];
    const lanes = lanesOf({ partitions: [pending, foreign, second, last, ...rest, detached], gaps, futureCount: 1 }, 'time');
    expect(lanes.ranges.map(({ kind, name }) => [kind, name])).toEqual([
      ['detach-pending', 'public.leaving'],
      ['foreign', foreign.partition],
      ['current', second.partition],
      ['gap', null],
      ['future', last.partition],
    ]);
    expect([lanes.defaults, lanes.detached, lanes.unreadable].map((lane) => lane.map(({ name }) => name))).toEqual([
      ['public.d'],
      ['public.old'],
      ['public.u'],
    ]);
  });

  it('need no clock: the present of an integer key is where its current partition is', () => {
    const partitions = [0, 10, 20].map((from) =>
      partitionStatus({ partition: `p${from}`, from: String(from), to: String(from + 10), isCurrent: from === 10 }),
    );
    const { ranges } = lanesOf(tableStatus({ partitions, axis: 'integer', position: null, futureCount: 1 }), 'integer');
    expect(ranges.map(({ kind }) => kind)).toEqual(['past', 'current', 'future']);
  });
});

describe('places', () => {
  it.each([
    ['2026-05-17T00:00:00Z', 'time', 1_778_976_000_000_000n],
    ['2026-05-17T00:00:00', 'time', 1_778_976_000_000_000n],
    ['2026-05-17', 'time', 1_778_976_000_000_000n],
    ['2026-05-17T00:00:00.000001Z', 'time', 1_778_976_000_000_001n],
    ['+012026-05-17T00:00:00Z', 'time', 317_348_496_000_000_000n],
    ['MINVALUE', 'time', null],
    ['infinity', 'time', null],
    ['2026-13-31', 'time', null],
    ['9223372036854775807', 'integer', 9_223_372_036_854_775_807n * one],
    ['-12.5', 'integer', (-25n * one) / 2n],
    ['MAXVALUE', 'integer', null],
    ["'; DROP", 'integer', null],
  ] as const)('%s on the axis of %s', (text, axis, place) => {
    expect(placeOf(text, axis)).toBe(place);
  });
});

describe('the scale', () => {
  const days = lanesOf(tableStatus({ partitions: dailyPartitions('t', 9, 0) }), 'time').ranges;

  it('keeps the order and the proportions of places that numbers cannot tell apart', () => {
    const base = 2n ** 63n * one;
    const bars = row(alike(4, 'past', 3), base);
    const scale = scaleOf(bars, null);
    expect(bars.map(({ from }) => scale.at(from, 'left'))).toEqual(
      [0, 0.25, 0.5, 0.75].map((share) => expect.closeTo(margin + (1 - 2 * margin) * share, 6)),
    );
  });

  it('draws what has no end to the margin', () => {
    const scale = scaleOf(days, null);
    expect([scale.at(null, 'left'), scale.at(null, 'right')]).toEqual([0, 1]);
    expect([scale.at(days[0]?.from ?? null, 'left'), scale.at(days.at(-1)?.to ?? null, 'right')]).toEqual([margin, 1 - margin]);
  });

  it('draws to the margin what would leave no room for the rest', () => {
    const [first] = days;
    if (first === undefined) throw new Error('ten bars');
    const ancient = { ...first, from: placeOf('0001-01-01', 'time'), to: first.from };
    const scale = scaleOf([ancient, ...days], null);
    expect([scale.at(ancient.from, 'left'), scale.at(ancient.to, 'right')]).toEqual([0, margin]);
  });

  it('reaches to now where nothing covers it', () => {
    const late = placeOf('2026-05-25T00:00:00Z', 'time');
    const scale = scaleOf(days, late);
    expect(scale.at(late, 'left')).toBe(1 - margin);
    expect(scale.at(days.at(-1)?.to ?? null, 'right')).toBeLessThan(0.7);
    const farAway = placeOf('2199-01-01T00:00:00Z', 'time');
    expect(scaleOf(days, farAway).at(farAway, 'left')).toBe(1);
  });

  it('has a length where there is no end at all, or one', () => {
    const [first] = days;
    if (first === undefined) throw new Error('ten bars');
    for (const bars of [[], [{ ...first, from: null, to: null }], [{ ...first, to: null }]]) {
      const { first: start, last } = scaleOf(bars, null);
      expect(last).toBeGreaterThan(start);
    }
  });

  it.each([
    ['2026-05-08T00:00:00Z', '2026-05-18T00:00:00Z', ['2026-05-09', '2026-05-11', '2026-05-13', '2026-05-15', '2026-05-17']],
    ['2020-03-01T00:00:00Z', '2026-03-01T00:00:00Z', ['2021', '2022', '2023', '2024', '2025', '2026']],
    ['2025-11-10T00:00:00Z', '2026-03-20T00:00:00Z', ['2025-12', '2026-01', '2026-02', '2026-03']],
    [
      '2026-05-08T10:00:00Z',
      '2026-05-08T12:30:00Z',
      ['05-08 10:00', '05-08 10:30', '05-08 11:00', '05-08 11:30', '05-08 12:00', '05-08 12:30'],
    ],
  ])('marks %s to %s', (from, to, labels) => {
    const [bar] = lanesOf(tableStatus({ partitions: [partitionStatus({ from, to })] }), 'time').ranges;
    expect(ticksOf(scaleOf(bar === undefined ? [] : [bar], null), 'time').map(({ label }) => label)).toEqual(labels);
  });

  it('marks round numbers, exactly, however great they are', () => {
    const range = { from: '9007199254740993', to: '9007199254741013' };
    const bars = lanesOf(tableStatus({ partitions: [partitionStatus(range)] }), 'integer').ranges;
    expect(ticksOf(scaleOf(bars, null), 'integer').map(({ label }) => label)).toEqual([
      '9,007,199,254,740,995',
      '9,007,199,254,741,000',
      '9,007,199,254,741,005',
      '9,007,199,254,741,010',
    ]);
  });

  it('marks nothing where JavaScript has no dates', () => {
    const bars = lanesOf(tableStatus({ partitions: [partitionStatus({ from: '+290000-01-01', to: '+290001-01-01' })] }), 'time').ranges;
    expect(ticksOf(scaleOf(bars, null), 'time')).toEqual([]);
  });
});
