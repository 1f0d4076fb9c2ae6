import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { indexNameOn } from '../../../src/partition/index-definition.ts';
import type { IndexPolicy } from '../../../src/partition/policy.ts';
import type { IndexFacts } from '../../../src/partition/upkeep.ts';
import {
  applyIndexSteps,
  entry,
  type IndexModel,
  type IndexStep,
  index,
  indexModel,
  killIndexStep,
  leave,
  markOf,
  planIndexModel,
  told,
} from '../../support/index-model.ts';

const places = ['t', 'p1', 'p2', 'p2_a', 'p2_b', 'p3', 'p4', 'p5'];

const partitions = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'all' } as const) },
  fc.constantFrom({ kind: 'current' } as const, { kind: 'closed' } as const),
  fc.integer({ min: 1, max: 4 }).map((count) => ({ kind: 'newest', count }) as const),
);

const column = fc.constantFrom('status', 'amount');

/** Entries whose names are theirs alone; shapes need not be. */
const entries = fc
  .uniqueArray(fc.record({ name: fc.constantFrom('x', 'y', 'z'), column, partitions }), { selector: ({ name }) => name, maxLength: 3 })
  .map((list) =>
    list.map((one) => entry(one.name, { keys: [{ kind: 'column', column: one.column, options: '' }], partitions: one.partitions })),
  );

/** What people and earlier policies left: names as ours or not, valid or not, marked or not. */
const legacies = fc.uniqueArray(
  fc.record({
    place: fc.constantFrom(...places),
    own: fc.constantFrom('x', 'y', 'z', null),
    column,
    isValid: fc.boolean(),
    marked: fc.constantFrom(null, 'status', 'amount'),
    state: fc.constantFrom('building', 'built', 'reindexing'),
  }),
  { selector: ({ place, own }) => `${place} ${own}`, maxLength: 8 },
);

interface Scene {
  readonly start: IndexModel;
  readonly next: readonly IndexPolicy[];
  readonly kills: readonly number[];
}

const scenes: fc.Arbitrary<Scene> = fc
  .record({
    months: fc.integer({ min: 1, max: 5 }),
    isSubpartitioned: fc.boolean(),
    entries,
    next: fc.option(entries, { nil: null }),
    legacies,
    dropRemovedIndexes: fc.boolean(),
    leaving: fc.subarray(['oid of p1', 'oid of p2']),
    kills: fc.array(fc.nat({ max: 12 }), { maxLength: 4 }),
  })
  .map((made) => {
    const policy = { indexes: made.entries, dropRemovedIndexes: made.dropRemovedIndexes };
    const bare = indexModel(made.months, policy, { leaving: made.leaving, subpartitioned: made.isSubpartitioned ? ['p2'] : [] });
    const known = new Set(['t', ...bare.relations.map(({ name }) => name.name)]);
    const found = made.legacies.filter(({ place }) => known.has(place));
    const indexes = found.map(({ place, own, column: key, isValid }): IndexFacts => {
      const name = own === null ? `${place}_other` : place === 't' ? own : indexNameOn(own, { schema: 'public', name: place }).name;
      return index(name, place, { keys: [key], isValid });
    });
    const marks = indexes.flatMap((one, at) => {
      const { own = null, marked = null, state = 'built' } = found[at] ?? {};
      return own === null || marked === null
        ? []
        : [markOf(one, entry(own, { keys: [{ kind: 'column', column: marked, options: '' }] }), state)];
    });
    return { start: { ...bare, indexes, marks }, next: made.next ?? made.entries, kills: made.kills };
  });

/** Applies the plan up to the step with that number, which is killed. */
function killed(model: IndexModel, at: number): IndexModel {
  const { steps } = planIndexModel(model);
  const step = steps[at];
  return step === undefined ? applyIndexSteps(model, steps) : killIndexStep(applyIndexSteps(model, steps.slice(0, at)), step);
}

/** What is not killed any more; the second run repairs what PostgreSQL looks at only once more, the third drops what the second freed. */
function settled(model: IndexModel): IndexModel {
  let current = model;
  for (let round = 0; round < 3; round += 1) current = applyIndexSteps(current, planIndexModel(current).steps);
  expect(told(planIndexModel(current))).toEqual([]);
  return current;
}

function isMarked(model: IndexModel, { relationOid, name }: IndexFacts): boolean {
  return model.marks.some((mark) => mark.policyName !== null && mark.relationOid === relationOid && mark.index.name === name.name);
}

describe('the plan of indexes', () => {
  it('leaves nothing to plan once it is applied, wherever earlier runs were killed and whatever the policy was', () => {
    fc.assert(
      fc.property(scenes, ({ start, next, kills }) => {
        const interrupted = kills.reduce(killed, start);
        const changed = { ...interrupted, policy: { ...interrupted.policy, indexes: next } };
        const end = settled(leave(kills.reduce(killed, changed)));
        const { findings } = planIndexModel(end);
        if (findings.length > 0) return;
        for (const wanted of next) {
          if (wanted.partitions.kind !== 'all') continue;
          const key = wanted.keys[0]?.kind === 'column' ? wanted.keys[0].column : '';
          const tops = end.indexes.filter(({ relationOid, isValid, keys }) => relationOid === '100' && isValid && keys[0] === key);
          if (end.relations.length > 0) expect(tops).not.toEqual([]);
        }
      }),
      { numRuns: 600 },
    );
  });

  it('leaves no invalid index of ours on any leaf', () => {
    fc.assert(
      fc.property(scenes, ({ start, next, kills }) => {
        const end = settled(leave({ ...kills.reduce(killed, start), policy: { ...start.policy, indexes: next } }));
        const leaves = new Set(end.relations.filter(({ kind }) => kind === 'table').map(({ oid }) => oid));
        const broken = end.indexes.filter((one) => !one.isValid && leaves.has(one.relationOid));
        expect(broken.filter((one) => isMarked(end, one) || one.name.name.includes('_cc')).map(({ name }) => name.name)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it('drops only what is marked, or what is left of a REINDEX of that', () => {
    fc.assert(
      fc.property(scenes, ({ start, next, kills }) => {
        let model: IndexModel = start;
        for (const at of [...kills, 99]) {
          const dropped = planIndexModel(model).steps.filter(
            (step): step is Extract<IndexStep, { kind: 'drop-index' }> => step.kind === 'drop-index',
          );
          for (const { indexOid, index: name } of dropped) {
            const one = model.indexes.find(({ oid }) => oid === indexOid);
            expect(one !== undefined && (isMarked(model, one) || (name.name.includes('_cc') && !one.isValid))).toBe(true);
          }
          model = { ...killed(model, at), policy: { ...start.policy, indexes: next } };
        }
      }),
      { numRuns: 300 },
    );
  });
});
