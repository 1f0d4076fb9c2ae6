import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addSpan } from '../../../src/partition/calendar.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { isRangePartition, type Partition } from '../../../src/partition/partition.ts';
import {
  compareEdges,
  contains,
  type Edge,
  isPosition,
  MAXVALUE,
  MINVALUE,
  overlaps,
  type Range,
} from '../../../src/partition/position.ts';
import type { PlanContext } from '../../../src/plan/plan-context.ts';
import type { Step } from '../../../src/plan/step.ts';
import { subjectOf } from '../../../src/plan/subject.ts';
import { applySteps, codecOf, contextAt, keep, type Model, modelOf, named, partition, planModel } from '../../support/model.ts';

interface Case {
  readonly model: Model;
  readonly context: PlanContext;
}

const day = 86_400_000_000n;
const keys = [
  {
    type: 'timestamp with time zone',
    unit: day,
    interval: ['1 day', '1 week', '1 month', '1 quarter'],
    span: ['0 days', '40 days', '7 months'],
  },
  { type: 'timestamp without time zone', unit: day / 3n, interval: ['2 days', '1 month'], span: ['40 days', '1 year'] },
  { type: 'date', unit: 1n, interval: ['1 day', '10 days', '1 year'], span: ['1 day', '5 months'] },
  { type: 'bigint', unit: 7n, interval: ['1', '10', '100'], span: ['0', '35', '700'] },
] as const;

/** Bounds lie within some 200 units of the present on both sides; each stretch between two of them is a partition or a hole. */
const cases: fc.Arbitrary<Case> = fc.constantFrom(...keys).chain((key) =>
  fc
    .record({
      now: fc.bigInt({ min: 946_684_800_000_000n, max: 4_102_444_800_000_000n }),
      timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Pacific/Apia'),
      interval: fc.constantFrom(...key.interval),
      premake: fc.integer({ min: 0, max: 5 }),
      startFrom: fc.option(fc.integer({ min: -200, max: 60 })),
      offsets: fc.uniqueArray(fc.integer({ min: -200, max: 120 }), { maxLength: 12 }),
      isGridded: fc.boolean(),
      isOpenBelow: fc.boolean(),
      isOpenAbove: fc.integer({ min: 0, max: 4 }).map((dice) => dice === 0),
      isHole: fc.array(
        fc.integer({ min: 0, max: 4 }).map((dice) => dice === 0),
        { minLength: 12, maxLength: 12 },
      ),
      kinds: fc.array(fc.constantFrom('table', 'table', 'table', 'partitioned', 'foreign', 'pending'), { minLength: 12, maxLength: 12 }),
      defaultPartition: fc.constantFrom('none', 'keep', 'managed'),
      hasDefault: fc.boolean(),
      defaultOffsets: fc.array(fc.integer({ min: -250, max: 40 }), { maxLength: 4 }),
      newest: fc.option(fc.integer({ min: -100, max: 30 })),
      span: fc.option(fc.constantFrom(...key.span)),
      action: fc.constantFrom('detach', 'drop'),
      grace: fc.constantFrom(0, 3),
      schema: fc.constantFrom(null, 'archive'),
      hold: fc.option(fc.tuple(fc.integer({ min: -200, max: 0 }), fc.integer({ min: 1, max: 30 }))),
      referenced: fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 2 }),
    })
    .map((drawn): Case => {
      const codec = codecOf(key.type, { kind: 'auto' }, drawn.timezone);
      const present = codec.axis === 'time' ? codec.positionOf(drawn.now) : 100_000n;
      const at = (offset: number): bigint => present + BigInt(offset) * key.unit;
      const policy = {
        timezone: drawn.timezone,
        interval: parseInterval(drawn.interval),
        premake: drawn.premake,
        startFrom: drawn.startFrom === null ? null : codec.axis === 'time' ? codec.instantOf(at(drawn.startFrom)) : at(drawn.startFrom),
        defaultPartition: drawn.defaultPartition,
        retention:
          drawn.span === null
            ? null
            : keep(drawn.span, {
                action: drawn.action,
                grace: { kind: 'calendar', months: 0, days: drawn.grace, micros: 0n },
                schema: drawn.schema,
              }),
      } as const;
      const bare = modelOf({ policy, type: key.type });
      const context = contextAt(drawn.now, { allowRemovals: 10_000 });
      const subject = subjectOf(bare.policy, bare.table, context);
      if ('problem' in subject) throw new Error(subject.problem);
      const edges: Edge[] = [
        ...new Set(drawn.offsets.map((offset) => (drawn.isGridded ? subject.grid.floor(at(offset)) : at(offset)))),
      ].sort(compareEdges);
      if (drawn.isOpenBelow && edges.length > 1) edges[0] = MINVALUE;
      if (drawn.isOpenAbove && edges.length > 2) edges[edges.length - 1] = MAXVALUE;
      const partitions = edges.slice(1).flatMap((to, i): readonly Partition[] => {
        const from = edges[i] ?? MINVALUE;
        const kind = drawn.kinds[i] ?? 'table';
        if (drawn.isHole[i]) return [];
        const changes = kind === 'pending' ? { isDetachPending: true } : { kind };
        return [partition(`p${i}`, { kind: 'range', from, to }, changes)];
      });
      const withDefault = drawn.hasDefault ? [...partitions, partition('d', { kind: 'default' })] : partitions;
      const isFree = (position: bigint): boolean => !partitions.some(({ bound }) => bound.kind === 'range' && contains(bound, position));
      const newest = drawn.newest === null ? null : at(drawn.newest);
      const model = modelOf({
        policy,
        type: key.type,
        partitions: withDefault,
        defaultKeys: drawn.hasDefault ? drawn.defaultOffsets.map(at).filter(isFree) : [],
        strangers: [named('p3', 'archive')],
        referenced: new Map(drawn.referenced.map((i) => [`oid of p${i}`, named('r')])),
        table: {
          newest: { position: newest, beyondHorizon: null },
          holds:
            drawn.hold === null ? [] : [{ range: { from: at(drawn.hold[0]), to: at(drawn.hold[0] + drawn.hold[1]) }, reason: 'audit' }],
          referencedBy: [named('r')],
        },
      });
      return { model, context };
    }),
);

function round({ model, context }: Case): { readonly steps: readonly Step[]; readonly next: Case } {
  const { steps } = planModel(model, context);
  return { steps, next: { model: applySteps(model, steps, context.now), context } };
}

/** Applies plans until there is nothing to do; three rounds are enough for everything. */
function settle(start: Case): Case {
  let current = start;
  for (let i = 0; i < 3; i++) current = round(current).next;
  expect(round(current).steps).toEqual([]);
  return current;
}

function hasPending({ model }: Case): boolean {
  return model.table.partitions.some((one) => one.isDetachPending);
}

function ranges({ model }: Case): readonly Partition[] {
  return model.table.partitions.filter(isRangePartition).sort((a, b) => compareEdges(rangeOf(a).from, rangeOf(b).from));
}

function rangeOf(one: Partition): Range {
  if (one.bound.kind !== 'range') throw new Error('no range');
  return one.bound;
}

function catalog(settled: Case): unknown {
  const { table } = settled.model;
  return {
    ranges: ranges(settled).map(({ bound, name }) => ({ bound, name })),
    hasDefault: table.partitions.some(({ bound }) => bound.kind === 'default'),
    detached: table.detached.map(({ name, range }) => ({ name, range })).sort((a, b) => compareEdges(a.range.from, b.range.from)),
  };
}

describe('a plan', () => {
  it('leaves nothing to plan once it is applied, except what only an interrupted detach or an empty table can leave', () => {
    fc.assert(
      fc.property(cases, (start) => {
        const plan = planModel(start.model, start.context);
        const { next } = round(start);
        const second = round(next).steps;
        const isLastExpired = plan.findings.some(({ kind }) => kind === 'last-partition');
        if (!isLastExpired && !hasPending(start)) expect(second).toEqual([]);
        else if (!hasPending(start)) expect(second.every(({ task }) => task === 'retention')).toBe(true);
        settle(start);
      }),
      { numRuns: 300 },
    );
  });

  it('converges to the same catalog when it is killed after any step', () => {
    fc.assert(
      fc.property(cases, fc.nat(), (start, dice) => {
        fc.pre(!hasPending(start));
        const { steps } = planModel(start.model, start.context);
        const killed = { ...start, model: applySteps(start.model, steps.slice(0, dice % (steps.length + 1)), start.context.now) };
        expect(catalog(settle(killed))).toEqual(catalog(settle(start)));
      }),
      { numRuns: 200 },
    );
  });

  it('does not depend on the order of partitions', () => {
    fc.assert(
      fc.property(cases, fc.infiniteStream(fc.nat()), ({ model, context }, dice) => {
        const weights = new Map(model.table.partitions.map((one) => [one, dice.next().value]));
        const shuffled = [...model.table.partitions].sort((a, b) => (weights.get(a) ?? 0) - (weights.get(b) ?? 0));
        expect(planModel({ ...model, table: { ...model.table, partitions: shuffled } }, context)).toEqual(planModel(model, context));
      }),
      { numRuns: 300 },
    );
  });

  it('covers the present and premake partitions after it without a gap, unless the default partition holds rows there', () => {
    fc.assert(
      fc.property(cases, (start) => {
        const settled = settle(start);
        const { model, context } = settled;
        const subject = subjectOf(model.policy, model.table, context);
        if ('problem' in subject) throw new Error(subject.problem);
        fc.pre(!planModel(model, context).findings.some(({ message }) => message.includes('keep these partitions from being made')));
        const bounds = ranges(settled).map(rangeOf);
        const current = bounds.findIndex((range) => contains(range, subject.anchor));
        expect(bounds.some((range) => contains(range, subject.clock))).toBe(true);
        expect(current).toBeGreaterThanOrEqual(0);
        for (let i = current; i < current + model.policy.premake && bounds[i]?.to !== MAXVALUE; i++)
          expect(bounds[i + 1]?.from).toBe(bounds[i]?.to);
      }),
      { numRuns: 200 },
    );
  });

  it('makes partitions that end on the grid or at an existing bound, and never wider than an interval', () => {
    fc.assert(
      fc.property(cases, ({ model, context }) => {
        const subject = subjectOf(model.policy, model.table, context);
        if ('problem' in subject) throw new Error(subject.problem);
        const existing = new Set(ranges({ model, context }).flatMap((one) => [rangeOf(one).from, rangeOf(one).to]));
        for (const step of planModel(model, context).steps) {
          if (step.kind !== 'create-partition' || !isPosition(step.range.from) || !isPosition(step.range.to)) continue;
          const { from, to } = step.range;
          expect(to <= subject.grid.next(from)).toBe(true);
          expect(existing.has(from) || subject.grid.floor(from) === from).toBe(true);
          expect(existing.has(to) || subject.grid.floor(to) === to).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('retention', () => {
  it('never removes what is inside it, held, referenced, foreign, the default or the last partition', () => {
    fc.assert(
      fc.property(cases, ({ model, context }) => {
        const { policy, table } = model;
        const before = ranges({ model, context }).filter((one) => !one.isDetachPending);
        for (const step of planModel(model, context).steps) {
          if (step.kind !== 'detach-partition' && step.kind !== 'drop-table') continue;
          const { to } = step.range;
          if (policy.retention === null || !isPosition(to)) throw new Error('nothing may be removed');
          const { keep: kept } = policy.retention;
          if (kept.kind === 'calendar') expect(table.codec.instantOf(to) <= addSpan(context.now, kept, policy.timezone, -1)).toBe(true);
          else expect(to <= (table.newest.position ?? MINVALUE) && to + kept.distance <= (table.newest.position ?? MINVALUE)).toBe(true);
          expect(table.holds.some(({ range }) => range === null || overlaps(range, step.range))).toBe(false);
          if (step.kind === 'drop-table') continue;
          const removed = before.find(({ oid }) => oid === step.partitionOid);
          expect(removed?.kind).not.toBe('foreign');
          expect(removed?.bound.kind).toBe('range');
          expect(removed).not.toBe(before.at(-1));
          expect(model.referenced.has(step.partitionOid)).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });
});
