import { describe, expect, it } from 'vitest';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { IndexedPartitions } from '../../../src/partition/policy.ts';
import type { IndexFacts, IndexMark } from '../../../src/partition/upkeep.ts';
import {
  applyIndexSteps,
  entry,
  type IndexModel,
  index,
  indexModel,
  killIndexStep,
  markOf,
  planIndexModel,
  told,
  withDefault,
} from '../../support/index-model.ts';
import { contextAt, instant, modelOf, planModel } from '../../support/model.ts';

function asked(partitions: IndexedPartitions): { readonly indexes: readonly ReturnType<typeof entry>[] } {
  return { indexes: [entry('x', { partitions })] };
}

const newest2 = asked({ kind: 'newest', count: 2 });
const [newest2Entry = entry('x')] = newest2.indexes;

/** Names of partitions that get one, of five with the present in the third. */
function getting(partitions: IndexedPartitions, changes: Partial<IndexModel> = {}): readonly string[] {
  return planIndexModel(indexModel(5, asked(partitions), changes)).steps.map(({ partition }) => partition.name);
}

/** Indexes named x on partitions, with marks as of `newest2`. */
function marked(...names: readonly string[]): { readonly indexes: readonly IndexFacts[]; readonly marks: readonly IndexMark[] } {
  const indexes = names.map((name) => index(`${name}_x`, name));
  return { indexes, marks: indexes.map((one) => markOf(one, newest2Entry)) };
}

describe('an index of some partitions', () => {
  it('is for the current one and those ahead, the newest and those ahead, or those that are over', () => {
    expect(getting({ kind: 'current' })).toEqual(['p5', 'p4', 'p3']);
    expect(getting({ kind: 'closed' })).toEqual(['p2', 'p1']);
    expect(getting({ kind: 'newest', count: 1 })).toEqual(['p5', 'p4', 'p3']);
    expect(getting({ kind: 'newest', count: 2 })).toEqual(['p5', 'p4', 'p3', 'p2']);
    expect(getting({ kind: 'newest', count: 9 })).toEqual(['p5', 'p4', 'p3', 'p2', 'p1']);
  });

  it('counts a partition as over from its upper bound on', () => {
    const at = (now: string): readonly string[] => told(planIndexModel(indexModel(2, asked({ kind: 'closed' })), { now: instant(now) }));
    expect(at('2025-03-01T00:00:00Z')).toEqual(['create-index concurrently p2: p2_x', 'create-index concurrently p1: p1_x']);
    expect(at('2025-02-28T23:59:59.999999Z')).toEqual(['create-index concurrently p1: p1_x']);
    const current = planIndexModel(indexModel(2, asked({ kind: 'current' })), { now: instant('2025-03-01T00:00:00Z') });
    expect(current.steps).toEqual([]);
  });

  it('is none for the default partition, one that leaves, and a foreign one', () => {
    const model = withDefault(indexModel(5, asked({ kind: 'closed' }), { leaving: ['oid of p1'] }));
    expect(told(planIndexModel(model))).toEqual(['create-index concurrently p2: p2_x']);
    expect(told(planIndexModel(indexModel(2, asked({ kind: 'closed' }), { foreign: ['p1'] })))).toEqual([
      'create-index concurrently p2: p2_x',
    ]);
  });

  it('does not count what is being detached', () => {
    const model = indexModel(3, newest2);
    const partitions = model.table.partitions.map((one) => (one.name.name === 'p2' ? { ...one, isDetachPending: true } : one));
    const pending = { ...model, table: { ...model.table, partitions }, leaving: ['oid of p2'] };
    expect(planIndexModel(pending).steps.map(({ partition }) => partition.name)).toEqual(['p3', 'p1']);
  });

  it('is made on the leaves of a partition that is partitioned itself, and says for whom it is', () => {
    const model = indexModel(3, asked({ kind: 'current' }), { subpartitioned: ['p3'] });
    const plan = planIndexModel(model);
    expect(told(plan)).toEqual(['create-index concurrently p3_a: p3_a_x', 'create-index concurrently p3_b: p3_b_x']);
    expect(plan.steps[0]?.reason).toBe('index x is asked for on the current partition and those ahead of it');
    expect(plan.steps[0]?.range).toEqual({ from: 1_740_787_200_000_000n, to: 1_743_465_600_000_000n });
    expect(planIndexModel(indexModel(2, asked({ kind: 'closed' }))).steps[0]?.reason).toContain('partitions whose range is over');
    expect(planIndexModel(indexModel(2, newest2)).steps[0]?.reason).toContain('the newest 2 partitions and those ahead');
    expect(told(planIndexModel(applyIndexSteps(model, plan.steps)))).toEqual([]);
  });

  it('is there when a valid one has its shape, attached or not', () => {
    const indexes = [index('any', 'p2', { parentIndexOid: 'x' }), index('other', 'p1')];
    expect(told(planIndexModel(indexModel(2, asked({ kind: 'closed' }), { indexes })))).toEqual([]);
  });

  it('is finished when its build was interrupted', () => {
    const model = indexModel(1, asked({ kind: 'closed' }));
    const [create] = planIndexModel(model).steps;
    if (create === undefined) throw new Error('no step');
    expect(told(planIndexModel(killIndexStep(model, create)))).toEqual(['reindex p1: p1_x']);
  });

  it('is left alone, and kept, when a REINDEX could not make it unique', () => {
    const wanted = entry('x', { isUnique: true, partitions: { kind: 'closed' } });
    const broken = index('p1_x', 'p1', { isValid: false, isUnique: true });
    const model = indexModel(1, { indexes: [wanted] }, { indexes: [broken], marks: [markOf(broken, wanted, 'failed')] });
    expect(told(planIndexModel(model))).toEqual([]);
  });

  it('is a finding where its name is taken, one for all', () => {
    const indexes = [index('p1_x', 'p1', { keys: ['a'] }), index('p2_x', 'p1', { keys: ['b'] })];
    const plan = planIndexModel(indexModel(2, asked({ kind: 'closed' }), { indexes }));
    expect(plan.steps).toEqual([]);
    expect(plan.findings.map(({ message }) => message)).toEqual([
      expect.stringContaining('The name public.p2_x is taken by an index of public.p1 (USING btree (b)) (likewise public.p1_x)'),
    ]);
  });

  it('waits for whoever builds it', () => {
    const indexes = [index('p1_x', 'p1', { isValid: false, isBuilding: true })];
    expect(told(planIndexModel(indexModel(1, asked({ kind: 'closed' }), { indexes })))).toEqual([]);
  });

  it('is left as it is while the present, or what there is, is not known', () => {
    expect(told(planIndexModel(indexModel(5, newest2, { ...marked('p1'), isWhole: false })))).toEqual([]);
    const model = indexModel(5, newest2, marked('p1'));
    const [first, second, ...rest] = model.table.partitions;
    if (first === undefined || second === undefined) throw new Error('too few');
    const overlapping = { ...model, table: { ...model.table, partitions: [first, { ...second, bound: first.bound }, ...rest] } };
    expect(told(planIndexModel(overlapping))).toEqual([]);
  });
});

describe('a partition that leaves a subset', () => {
  it('loses the index that is marked as ours, and no other', () => {
    const model = indexModel(5, newest2, marked('p1', 'p2', 'p3', 'p4', 'p5'));
    const plan = planIndexModel(model);
    expect(told(plan)).toEqual(['drop-index p1: p1_x']);
    expect(plan.steps[0]).toMatchObject({ concurrently: true, indexOid: 'oid of p1_x', task: 'index' });
    expect(plan.steps[0]?.reason).toBe('the partition is not among the newest 2 partitions and those ahead, for which index x is asked');
    expect(told(planIndexModel({ ...model, marks: [] }))).toEqual([]);
    const attached = model.indexes.map((one) => ({ ...one, parentIndexOid: 'another' }));
    expect(told(planIndexModel({ ...model, indexes: attached }))).toEqual([]);
    const constraints = model.indexes.map((one) => ({ ...one, isConstraint: true }));
    expect(told(planIndexModel({ ...model, indexes: constraints }))).toEqual([]);
  });

  it('keeps it while it is being removed itself, and while another entry asks for that shape', () => {
    const model = indexModel(5, newest2, marked('p1', 'p2', 'p3', 'p4', 'p5'));
    expect(told(planIndexModel({ ...model, leaving: ['oid of p1'] }))).toEqual([]);
    const other = entry('y', { partitions: { kind: 'closed' } });
    expect(told(planIndexModel({ ...model, policy: { ...model.policy, indexes: [...newest2.indexes, other] } }))).toEqual([]);
  });

  it('loses what a killed DROP left', () => {
    const model = indexModel(5, newest2, marked('p1', 'p2', 'p3', 'p4', 'p5'));
    const [drop] = planIndexModel(model).steps;
    if (drop === undefined) throw new Error('no step');
    expect(told(planIndexModel(killIndexStep(model, drop)))).toEqual(['drop-index p1: p1_x']);
  });

  it('may be the default partition', () => {
    const rest = index('rest_x', 'rest');
    const model = withDefault(
      indexModel(1, asked({ kind: 'closed' }), { indexes: [index('p1_x', 'p1'), rest], marks: [markOf(rest, newest2Entry)] }),
    );
    expect(told(planIndexModel(model))).toEqual(['drop-index rest: rest_x']);
  });
});

describe('what nobody asks for any more', () => {
  const top = index('old', 't');
  const leaf = index('p1_old', 'p1', { parentIndexOid: top.oid });
  const marks = [top, leaf].map((one) => markOf(one, entry('old')));

  it('stays, unless the policy says that removed entries are dropped', () => {
    expect(told(planIndexModel(indexModel(1, {}, { indexes: [top, leaf], marks })))).toEqual([]);
    const model = indexModel(1, { dropRemovedIndexes: true }, { indexes: [top, leaf], marks });
    const plan = planIndexModel(model);
    expect(told(plan)).toEqual(['drop-index t: old']);
    expect(plan.steps[0]).toMatchObject({ concurrently: false, partitionOid: '100' });
    expect(plan.steps[0]?.reason).toBe('the policy no longer asks for index old there');
    expect(applyIndexSteps(model, plan.steps).indexes).toEqual([]);
    expect(told(planIndexModel({ ...model, marks: [] }))).toEqual([]);
  });

  it('stays while it is what another entry asks for', () => {
    const model = indexModel(1, { indexes: [entry('renamed')], dropRemovedIndexes: true }, { indexes: [top, leaf], marks });
    expect(told(planIndexModel(model))).toEqual([]);
    const unfinished = { ...model, indexes: [{ ...top, isValid: false }, leaf] };
    expect(told(planIndexModel(unfinished))).toEqual(['attach-index p1: p1_old to old']);
  });

  it('goes from each leaf when it was of some partitions, and from the table when it was of all', () => {
    const alone = { ...leaf, parentIndexOid: null };
    const dropping = indexModel(1, { dropRemovedIndexes: true }, { indexes: [alone], marks });
    expect(told(planIndexModel(dropping))).toEqual(['drop-index p1: p1_old']);
    const narrowed = indexModel(1, { indexes: [entry('old', { partitions: { kind: 'current' } })] }, { indexes: [top, leaf], marks });
    expect(told(planIndexModel(narrowed))).toEqual([]);
    expect(told(planIndexModel({ ...narrowed, policy: { ...narrowed.policy, dropRemovedIndexes: true } }))).toEqual(['drop-index t: old']);
  });

  it('stays on partitions while an index of all of them cannot be rolled out', () => {
    const alone = { ...leaf, parentIndexOid: null };
    const model = indexModel(2, { indexes: [entry('old')], dropRemovedIndexes: true }, { indexes: [alone], marks, foreign: ['p2'] });
    expect(told(planIndexModel(model))).toEqual([]);
  });

  it('goes when its build was interrupted', () => {
    const broken = { ...leaf, parentIndexOid: null, isValid: false };
    const plan = planIndexModel(indexModel(1, {}, { indexes: [broken], marks: [markOf(broken, entry('old'), 'building')] }));
    expect(told(plan)).toEqual(['drop-index p1: p1_old']);
    expect(plan.steps[0]?.reason).toContain('an interrupted build left it invalid, and it is no longer asked for');
  });

  it('is repaired where it is part of another index', () => {
    const broken = { ...leaf, isValid: false };
    expect(told(planIndexModel(indexModel(1, {}, { indexes: [top, broken], marks })))).toEqual(['reindex p1: p1_old']);
    expect(told(planIndexModel(indexModel(1, {}, { indexes: [top, broken], marks: marks.slice(0, 1) })))).toEqual([]);
    const failed = [markOf(broken, entry('old'), 'failed')];
    expect(told(planIndexModel(indexModel(1, {}, { indexes: [top, broken], marks: failed })))).toEqual([]);
  });
});

describe('the second index of an interrupted REINDEX', () => {
  const base = index('idx', 'p1');
  const mark: IndexMark = { ...markOf(base, entry('idx')), policyName: null, definition: null, state: 'reindexing' };
  const broken = { isValid: false };

  function dropped(indexes: readonly IndexFacts[], changes: Partial<IndexMark> = {}): readonly string[] {
    return told(planIndexModel(indexModel(1, {}, { indexes, marks: [{ ...mark, ...changes }] })));
  }

  it('is dropped, whatever number PostgreSQL gave it', () => {
    const plan = planIndexModel(indexModel(1, {}, { indexes: [base, index('idx_ccnew', 'p1', broken)], marks: [mark] }));
    expect(plan.steps[0]?.reason).toBe('an interrupted REINDEX of public.idx left it');
    expect(dropped([base, index('idx_ccnew', 'p1', broken), index('idx_ccold12', 'p1', broken)])).toEqual([
      'drop-index p1: idx_ccnew',
      'drop-index p1: idx_ccold12',
    ]);
    const long = 'x'.repeat(60);
    const cut = index(`${'x'.repeat(57)}_ccnew`, 'p1', broken);
    expect(dropped([index(long, 'p1'), cut], { index: { schema: 'public', name: long } })).toEqual([`drop-index p1: ${cut.name.name}`]);
  });

  it('is left alone when it is valid, being built, another relation’s, or beside an index that we did not reindex', () => {
    expect(dropped([index('idx_ccnew', 'p1')])).toEqual([]);
    expect(dropped([index('idx_ccnew', 'p1', { ...broken, isBuilding: true })])).toEqual([]);
    expect(dropped([index('idx_ccnew', 'p1', { ...broken, parentIndexOid: 'another' })])).toEqual([]);
    expect(dropped([index('idx_ccnew', 'p1', broken)], { relationOid: 'oid of p2' })).toEqual([]);
    expect(dropped([index('idx_ccnew', 'p1', broken)], { state: 'built' })).toEqual([]);
    expect(dropped([index('idx_ccnews', 'p1', broken), index('idx2_ccnew', 'p1', broken)])).toEqual([]);
    expect(dropped([index('idx_ccnew', 'p9', broken)], { relationOid: 'oid of p9' })).toEqual([]);
  });

  it('goes before its index is finished', () => {
    const wanted = entry('x', { partitions: { kind: 'closed' } });
    const own = index('p1_x', 'p1', broken);
    const model = indexModel(
      1,
      { indexes: [wanted] },
      { indexes: [own, index('p1_x_ccnew', 'p1', broken)], marks: [markOf(own, wanted, 'building')] },
    );
    const plan = planIndexModel(model);
    expect(told(plan)).toEqual(['drop-index p1: p1_x_ccnew', 'reindex p1: p1_x']);
    expect(told(planIndexModel(applyIndexSteps(model, plan.steps)))).toEqual([]);
  });
});

describe('a partition that is made', () => {
  /** Names of indexes by name of the partition that is made with them. */
  function made(partitions: IndexedPartitions, ranges: readonly (readonly [string, string])[]): readonly string[] {
    const { steps } = planModel(modelOf({ ranges, policy: { premake: 1, name: '{table}_{mm}', ...asked(partitions) } }), contextAt());
    return steps.flatMap((step) => (step.kind === 'create-partition' ? step.indexes.map(({ index: { name } }) => name) : []));
  }

  const withHole = [
    ['2025-01-01', '2025-02-01'],
    ['2025-03-01', '2025-04-01'],
  ] as const;
  const untilJanuary = withHole.slice(0, 1);

  it('gets the indexes of the subsets it belongs to, named after it', () => {
    expect(made({ kind: 'current' }, untilJanuary)).toEqual(['t_03_x', 't_04_x']);
    expect(made({ kind: 'closed' }, untilJanuary)).toEqual(['t_02_x']);
    expect(made({ kind: 'newest', count: 1 }, untilJanuary)).toEqual(['t_03_x', 't_04_x']);
    expect(made({ kind: 'newest', count: 2 }, untilJanuary)).toEqual(['t_02_x', 't_03_x', 't_04_x']);
  });

  it('gets none of all partitions, which come with ATTACH', () => {
    expect(made({ kind: 'all' }, untilJanuary)).toEqual([]);
  });

  it('gets none while the present of an integer key is not known', () => {
    const settings = {
      type: 'bigint',
      ranges: [['0', '10']] as const,
      policy: { interval: parseInterval('10'), premake: 1, ...asked({ kind: 'current' }) },
    };
    const newest = { position: 5n, beyondHorizon: null };
    const indexesOf = (changes: object): readonly string[] => {
      const { steps } = planModel(modelOf({ ...settings, table: { newest: { ...newest, ...changes } } }), contextAt());
      return steps.flatMap((step) => (step.kind === 'create-partition' ? step.indexes.map(({ index: { name } }) => name) : []));
    };
    expect(indexesOf({})).toHaveLength(1);
    expect(indexesOf({ believable: 4n })).toHaveLength(1);
    expect(indexesOf({ believable: null })).toEqual([]);
    expect(indexesOf({ isIncomplete: true })).toEqual([]);
  });
});
