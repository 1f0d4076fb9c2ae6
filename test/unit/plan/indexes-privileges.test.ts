import { describe, expect, it } from 'vitest';
import { entry, type IndexModel, index, indexModel, markOf, planIndexModel, told } from '../../support/index-model.ts';
import { named } from '../../support/model.ts';

const all = { indexes: [entry('status')] };

/** The role has no rights of the owner on relations of those names. */
function without(model: IndexModel, ...names: readonly string[]): IndexModel {
  const relations = model.relations.map((one) => ({ ...one, mayReindex: !names.includes(one.name.name) }));
  return { ...model, relations };
}

describe("without the owner's rights on the table", () => {
  const model = indexModel(2, all, { mayCreateIndexes: false });

  it('no index is made, and one finding says so', () => {
    const plan = planIndexModel(model);
    expect(plan.steps).toEqual([]);
    expect(plan.findings).toEqual([
      {
        kind: 'missing-privilege',
        severity: 'error',
        message:
          "partitiond's role may not make and drop indexes of public.t, so that is not done. It takes the owner's rights: GRANT owner TO it.",
        partition: null,
      },
    ]);
    expect(planIndexModel(model, { tasks: ['maintenance'] }).findings).toMatchObject([{ severity: 'warning' }]);
    expect(planIndexModel(without(model, 'p1', 'p2')).findings).toEqual(plan.findings);
  });

  it('nothing is said where nothing is to be made', () => {
    expect(planIndexModel({ ...model, indexes: [index('status', 't')] })).toEqual({ steps: [], findings: [] });
  });

  it('what is left of a REINDEX on a partition of our own is dropped all the same, not the index of the table', () => {
    const leftover = index('i_ccnew', 'p1', { isValid: false });
    const old = index('old', 't');
    const marks = [{ ...markOf(index('i', 'p1'), entry('i'), 'reindexing'), policyName: null }, markOf(old, entry('old'))];
    const plan = planIndexModel(indexModel(1, { dropRemovedIndexes: true }, { mayCreateIndexes: false, indexes: [leftover, old], marks }));
    expect(told(plan)).toEqual(['drop-index p1: i_ccnew']);
    expect(plan.findings).toHaveLength(1);
  });
});

describe("without the owner's rights on some partitions", () => {
  it('the others get theirs, and one finding names those', () => {
    const plan = planIndexModel(without(indexModel(3, all), 'p1', 'p2'));
    expect(told(plan)).toEqual([
      'create-index only t: status',
      'create-index concurrently p3: p3_status',
      'attach-index p3: p3_status to status',
    ]);
    expect(plan.findings).toMatchObject([
      {
        kind: 'missing-privilege',
        partition: named('p2'),
        message: expect.stringContaining(
          "indexes of public.p2, public.p1, so that is not done. It takes the owner's rights: make it a member of their owner, or ALTER TABLE ... OWNER TO owner.",
        ),
      },
    ]);
  });

  it('nothing is built below one that could not be attached', () => {
    const plan = planIndexModel(without(indexModel(2, all, { subpartitioned: ['p2'] }), 'p2'));
    expect(told(plan)).toEqual([
      'create-index only t: status',
      'create-index concurrently p1: p1_status',
      'attach-index p1: p1_status to status',
    ]);
    expect(plan.findings).toMatchObject([{ partition: named('p2') }]);
  });

  it('no build of ours is finished there', () => {
    const indexes = [index('status', 't', { isValid: false }), index('p1_status', 'p1', { isValid: false })];
    const plan = planIndexModel(without(indexModel(1, all, { indexes }), 'p1'));
    expect([told(plan), plan.findings.length]).toEqual([[], 1]);
  });
});
