import fc from 'fast-check';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { KeyCodec } from '../../../src/partition/key.ts';
import type { Partition } from '../../../src/partition/partition.ts';
import type { Retention, TablePolicy } from '../../../src/partition/policy.ts';
import { compareEdges, contains, type Edge, MAXVALUE, MINVALUE, type Position } from '../../../src/partition/position.ts';
import type { PlanContext } from '../../../src/plan/plan-context.ts';
import { type Subject, subjectOf } from '../../../src/plan/subject.ts';
import { codecOf, contextAt, keep, type Model, modelOf, named, partition } from '../../support/model.ts';

export interface Case {
  readonly model: Model;
  readonly context: PlanContext;
}

interface Key {
  readonly type: string;
  /** Bounds are whole multiples of it away from the present. */
  readonly unit: bigint;
  readonly intervals: readonly string[];
  readonly spans: readonly string[];
}

const day = 86_400_000_000n;
const keys: readonly Key[] = [
  {
    type: 'timestamp with time zone',
    unit: day,
    intervals: ['1 day', '1 week', '1 month', '1 quarter'],
    spans: ['0 days', '40 days', '7 months'],
  },
  { type: 'timestamp without time zone', unit: day / 3n, intervals: ['2 days', '1 month'], spans: ['40 days', '1 year'] },
  { type: 'date', unit: 1n, intervals: ['1 day', '10 days', '1 year'], spans: ['1 day', '5 months'] },
  { type: 'bigint', unit: 7n, intervals: ['1', '10', '100'], spans: ['0', '35', '700'] },
];
const maxBounds = 12;
const oneInFive = fc.integer({ min: 0, max: 4 }).map((dice) => dice === 0);

const draws = fc.record({
  now: fc.bigInt({ min: 946_684_800_000_000n, max: 4_102_444_800_000_000n }),
  timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Pacific/Apia'),
  interval: fc.nat(),
  premake: fc.integer({ min: 0, max: 5 }),
  startFrom: fc.option(fc.integer({ min: -200, max: 60 })),
  offsets: fc.uniqueArray(fc.integer({ min: -200, max: 120 }), { maxLength: maxBounds }),
  isGridded: fc.boolean(),
  isOpenBelow: fc.boolean(),
  isOpenAbove: oneInFive,
  isHole: fc.array(oneInFive, { minLength: maxBounds, maxLength: maxBounds }),
  kinds: fc.array(fc.constantFrom('table', 'table', 'table', 'partitioned', 'foreign', 'pending'), {
    minLength: maxBounds,
    maxLength: maxBounds,
  }),
  defaultPartition: fc.constantFrom('none', 'keep', 'managed'),
  hasDefault: fc.boolean(),
  defaultOffsets: fc.array(fc.integer({ min: -250, max: 40 }), { maxLength: 4 }),
  newest: fc.option(fc.integer({ min: -100, max: 30 })),
  span: fc.option(fc.nat()),
  action: fc.constantFrom('detach', 'drop'),
  graceDays: fc.constantFrom(0, 3),
  schema: fc.constantFrom(null, 'archive'),
  hold: fc.option(fc.tuple(fc.integer({ min: -200, max: 0 }), fc.integer({ min: 1, max: 30 }))),
  referenced: fc.array(fc.integer({ min: 0, max: maxBounds }), { maxLength: 2 }),
});
type Draw = typeof draws extends fc.Arbitrary<infer T> ? T : never;

/**
 * Tables of every kind of key with bounds some 200 units around the present; each stretch between two bounds is a partition or a hole. The
 * removal budget never objects: what it refuses stays to be planned.
 */
export const cases: fc.Arbitrary<Case> = fc.tuple(fc.constantFrom(...keys), draws).map(([key, draw]) => buildCase(key, draw));

export function subjectIn({ model, context }: Case): Subject {
  const subject = subjectOf(model.policy, model.table, context);
  if ('problem' in subject) throw new Error(subject.problem);
  return subject;
}

function buildCase(key: Key, draw: Draw): Case {
  const codec = codecOf(key.type, { kind: 'auto' }, draw.timezone);
  const present = codec.axis === 'time' ? codec.positionOf(draw.now) : 100_000n;
  const at = (offset: number): Position => present + BigInt(offset) * key.unit;
  const policy = drawPolicy(key, draw, codec, at);
  const context = contextAt(draw.now, { allowRemovals: 10_000 });
  const { grid } = subjectIn({ model: modelOf({ policy, type: key.type }), context });
  const ranges = drawRanges(draw, (offset) => (draw.isGridded ? grid.floor(at(offset)) : at(offset)));
  const isFree = (position: Position): boolean => !ranges.some(({ bound }) => bound.kind === 'range' && contains(bound, position));
  const model = modelOf({
    policy,
    type: key.type,
    partitions: draw.hasDefault ? [...ranges, partition('d', { kind: 'default' })] : ranges,
    defaultKeys: draw.hasDefault ? draw.defaultOffsets.map(at).filter(isFree) : [],
    strangers: [named('p3', 'archive')],
    referenced: new Map(draw.referenced.map((i) => [`oid of p${i}`, named('r')])),
    table: {
      newest: { position: draw.newest === null ? null : at(draw.newest), beyondHorizon: null },
      holds: draw.hold === null ? [] : [{ range: { from: at(draw.hold[0]), to: at(draw.hold[0] + draw.hold[1]) }, reason: 'audit' }],
      referencedBy: [named('r')],
    },
  });
  return { model, context };
}

function drawPolicy(key: Key, draw: Draw, codec: KeyCodec, at: (offset: number) => Position): Partial<TablePolicy> {
  const start = draw.startFrom === null ? null : at(draw.startFrom);
  return {
    timezone: draw.timezone,
    interval: parseInterval(pick(key.intervals, draw.interval)),
    premake: draw.premake,
    startFrom: start !== null && codec.axis === 'time' ? codec.instantOf(start) : start,
    defaultPartition: draw.defaultPartition,
    retention: drawRetention(key, draw),
  };
}

function drawRetention(key: Key, { span, action, graceDays, schema }: Draw): Retention | null {
  if (span === null) return null;
  return keep(pick(key.spans, span), { action, grace: { kind: 'calendar', months: 0, days: graceDays, micros: 0n }, schema });
}

function drawRanges(draw: Draw, bound: (offset: number) => Position): readonly Partition[] {
  const edges: Edge[] = [...new Set(draw.offsets.map(bound))].toSorted(compareEdges);
  if (draw.isOpenBelow && edges.length > 1) edges[0] = MINVALUE;
  if (draw.isOpenAbove && edges.length > 2) edges[edges.length - 1] = MAXVALUE;
  return edges.slice(1).flatMap((to, i) => {
    const kind = draw.kinds[i] ?? 'table';
    const changes = kind === 'pending' ? { isDetachPending: true } : { kind };
    return draw.isHole[i] ? [] : [partition(`p${i}`, { kind: 'range', from: edges[i] ?? MINVALUE, to }, changes)];
  });
}

function pick(choices: readonly string[], dice: number): string {
  return choices[dice % choices.length] ?? '';
}
