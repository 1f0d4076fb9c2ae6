import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addSpan } from '../../../src/partition/calendar.ts';
import { isRangePartition, type Partition } from '../../../src/partition/partition.ts';
import { compareEdges, contains, isPosition, MAXVALUE, overlaps, type Range } from '../../../src/partition/position.ts';
import type { DetachPartition, DropTable, Step } from '../../../src/plan/step.ts';
import { applySteps, planModel } from '../../support/model.ts';
import { type Case, cases, subjectIn } from './cases.ts';

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
  return model.table.partitions.filter(isRangePartition).toSorted((a, b) => compareEdges(rangeOf(a).from, rangeOf(b).from));
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
    detached: table.detached.map(({ name, range }) => ({ name, range })).toSorted((a, b) => compareEdges(a.range.from, b.range.from)),
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
        const shuffled = model.table.partitions.toSorted((a, b) => (weights.get(a) ?? 0) - (weights.get(b) ?? 0));
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
        const subject = subjectIn(settled);
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
        const subject = subjectIn({ model, context });
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
  it('never removes what is inside it or held', () => {
    fc.assert(
      fc.property(cases, ({ model, context }) => {
        for (const { range } of removals({ model, context })) {
          expect(isInsideRetention({ model, context }, range)).toBe(false);
          expect(model.table.holds.some((hold) => hold.range === null || overlaps(hold.range, range))).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('never removes what is referenced, foreign, the default or the last partition', () => {
    fc.assert(
      fc.property(cases, ({ model, context }) => {
        const before = ranges({ model, context }).filter((one) => !one.isDetachPending);
        for (const step of removals({ model, context })) {
          if (step.kind === 'drop-table') continue;
          const removed = before.find(({ oid }) => oid === step.partitionOid);
          expect(removed?.kind).not.toBe('foreign');
          expect(removed?.bound.kind).toBe('range');
          expect(removed).not.toBe(before.at(-1));
          expect(model.referenced.has(step.partitionOid)).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function removals({ model, context }: Case): readonly (DetachPartition | DropTable)[] {
  return planModel(model, context).steps.filter((step) => step.kind === 'detach-partition' || step.kind === 'drop-table');
}

/** Told from instants and keys, not from the cut-off that planning computes. */
function isInsideRetention({ model, context }: Case, { to }: Range): boolean {
  const { table, policy } = model;
  if (policy.retention === null || !isPosition(to)) return true;
  const { keep: kept } = policy.retention;
  if (kept.kind === 'calendar') return table.codec.instantOf(to) > addSpan(context.now, kept, policy.timezone, -1);
  return table.newest.position === null || to + kept.distance > table.newest.position;
}
