import { describe, expect, it } from 'vitest';
import {
  applyIndexSteps,
  entry,
  type IndexModel,
  index,
  indexModel,
  killIndexStep,
  leave,
  markOf,
  planIndexModel,
  told,
  withDefault,
} from '../../support/index-model.ts';

const status = entry('status');
const all = { indexes: [status] };

/** Three partitions of which all but the oldest have attached theirs. */
function almost(): IndexModel {
  const fresh = indexModel(3, all);
  const { steps } = planIndexModel(fresh);
  return applyIndexSteps(
    fresh,
    steps.filter(({ partition }) => partition.name !== 'p1'),
  );
}

function isValid(model: IndexModel, name: string): boolean | undefined {
  return model.indexes.find((one) => one.name.name === name)?.isValid;
}

describe('an index that all partitions have', () => {
  it('is made on the table alone, then built and attached on each partition, the newest first', () => {
    const model = indexModel(2, all);
    const plan = planIndexModel(model);
    expect(told(plan)).toEqual([
      'create-index only t: status',
      'create-index concurrently p2: p2_status',
      'attach-index p2: p2_status to status',
      'create-index concurrently p1: p1_status',
      'attach-index p1: p1_status to status',
    ]);
    const applied = applyIndexSteps(model, plan.steps);
    expect(isValid(applied, 'status')).toBe(true);
    expect(planIndexModel(applied)).toEqual({ steps: [], findings: [] });
  });

  it('says what is asked for and how far it is, with the range and the limits of each step', () => {
    const limits = { concurrency: 5, window: null, costDelayMs: null, costLimit: null, maxReplicationLagMs: null, maxLockWaiters: null };
    const { steps } = planIndexModel(almost());
    expect(steps.map(({ reason }) => reason)).toEqual([
      'public.status is asked for on all partitions, and 2 of 3 partitions have it',
      'public.status becomes valid once every partition has attached its own',
    ]);
    expect(steps[0]).toMatchObject({ task: 'index', limits: { concurrency: 2, maxReplicationLagMs: 30_000, maxLockWaiters: 10 } });
    const [only, create] = planIndexModel(indexModel(1, { ...all, maintenance: { limits } as never })).steps;
    expect(only).toMatchObject({ partitionOid: '100', range: null, limits: { concurrency: 5 } });
    expect(only?.reason).toBe('USING btree (status) is asked for on all partitions, and public.t has no such index');
    expect(create).toMatchObject({ range: { from: 1_735_689_600_000_000n, to: 1_738_368_000_000_000n }, definition: status });
    expect(create?.reason).toBe('public.status is asked for on all partitions, and 0 of 1 partition have it');
    expect(planIndexModel(indexModel(2, all, { indexes: [index('p2_status', 'p2')] })).steps.at(-2)?.reason).toContain(
      '1 of 2 partitions has it',
    );
  });

  it('is rolled out below partitions that are partitioned themselves, and on the default partition last', () => {
    const model = withDefault(indexModel(2, all, { subpartitioned: ['p2'] }));
    const plan = planIndexModel(model);
    expect(told(plan)).toEqual([
      'create-index only t: status',
      'create-index only p2: p2_status',
      'create-index concurrently p2_a: p2_a_status',
      'attach-index p2_a: p2_a_status to p2_status',
      'create-index concurrently p2_b: p2_b_status',
      'attach-index p2_b: p2_b_status to p2_status',
      'create-index concurrently p1: p1_status',
      'attach-index p1: p1_status to status',
      'create-index concurrently rest: rest_status',
      'attach-index rest: rest_status to status',
      'attach-index p2: p2_status to status',
    ]);
    const applied = applyIndexSteps(model, plan.steps);
    expect(isValid(applied, 'status')).toBe(true);
    expect(told(planIndexModel(applied))).toEqual([]);
  });

  it('is valid at once where a partitioned partition has none of its own, and goes on from what is attached', () => {
    const whole = indexModel(2, all, { subpartitioned: ['p2'] });
    const childless = { ...whole, relations: whole.relations.filter(({ parentOid }) => parentOid === '100') };
    const begun = applyIndexSteps(childless, planIndexModel(childless).steps);
    expect(isValid(begun, 'status')).toBe(true);
    const half = applyIndexSteps(
      whole,
      planIndexModel(whole).steps.filter(({ partition }) => partition.name !== 'p2_a'),
    );
    expect(isValid(half, 'status')).toBe(false);
    expect(told(planIndexModel(half))).toEqual([
      'create-index concurrently p2_a: p2_a_status',
      'attach-index p2_a: p2_a_status to p2_status',
    ]);
  });

  it('counts leaves, also those of partitions that have it all', () => {
    const whole = indexModel(2, all, { subpartitioned: ['p2'] });
    const { steps } = planIndexModel(whole);
    const half = applyIndexSteps(
      whole,
      steps.filter(({ partition }) => partition.name !== 'p1'),
    );
    const rest = planIndexModel(half);
    expect(told(rest)).toEqual(['create-index concurrently p1: p1_status', 'attach-index p1: p1_status to status']);
    expect(rest.steps[0]?.reason).toContain('2 of 3 partitions have it');
    const stuck = leave({ ...half, leaving: ['oid of p1'] });
    expect(told(planIndexModel(stuck))).toEqual(['attach-index p2: p2_status to status']);
  });

  it('uses what is there: a valid index of that shape under any name', () => {
    expect(told(planIndexModel(indexModel(2, all, { indexes: [index('by_hand', 't')] })))).toEqual([]);
    const indexes = [index('status', 't', { isValid: false }), index('any', 'p2'), index('other', 'p1', { keys: ['amount'] })];
    expect(told(planIndexModel(indexModel(2, all, { indexes })))).toEqual([
      'attach-index p2: any to status',
      'create-index concurrently p1: p1_status',
      'attach-index p1: p1_status to status',
    ]);
    const below = indexModel(1, all, {
      subpartitioned: ['p1'],
      indexes: [
        index('status', 't', { isValid: false }),
        index('q', 'p1', { isValid: false }),
        index('r', 'p1'),
        index('c', 'p1', { isConstraint: true }),
      ],
    });
    expect(told(planIndexModel(below)).at(-1)).toBe('attach-index p1: r to status');
    const unfinished = { ...below, indexes: below.indexes.filter(({ name }) => name.name !== 'r') };
    expect(told(planIndexModel(unfinished)).at(-1)).toBe('attach-index p1: q to status');
  });

  it('prefers of several the attached one, then the one with its name', () => {
    const indexes = [index('status', 't', { isValid: false }), index('a', 'p1'), index('p1_status', 'p1')];
    expect(told(planIndexModel(indexModel(1, all, { indexes })))).toEqual(['attach-index p1: p1_status to status']);
    const top = [index('b', 't', { isValid: false }), index('status', 't', { isValid: false })];
    expect(told(planIndexModel(indexModel(1, all, { indexes: top })))).toContain('attach-index p1: p1_status to status');
    const attached = [...indexes, index('z', 'p1', { parentIndexOid: 'oid of status', keys: ['(status IS TRUE)'] })];
    expect(told(planIndexModel(indexModel(2, all, { indexes: attached })))).not.toContain('attach-index p1: p1_status to status');
  });

  it('finishes a build that was interrupted, and drops what an earlier policy left first', () => {
    const fresh = indexModel(1, all);
    const [only, create] = planIndexModel(fresh).steps;
    if (only === undefined || create === undefined) throw new Error('no steps');
    const killed = killIndexStep(applyIndexSteps(fresh, [only]), create);
    expect(told(planIndexModel(killed))).toEqual(['reindex p1: p1_status', 'attach-index p1: p1_status to status']);
    expect(planIndexModel(killed).steps[0]?.reason).toContain('an interrupted build left it invalid');
    const earlier = entry('status', { where: 'amount > 0' });
    const leftover = index('p1_status', 'p1', { isValid: false, where: '(amount > 0)' });
    const changed = indexModel(1, all, { indexes: [leftover], marks: [markOf(leftover, earlier, 'building')] });
    expect(told(planIndexModel(changed))).toEqual([
      'create-index only t: status',
      'drop-index p1: p1_status',
      'create-index concurrently p1: p1_status',
      'attach-index p1: p1_status to status',
    ]);
    expect(planIndexModel(changed).steps[1]?.reason).toContain('for an earlier policy');
  });

  it('finishes an unmarked one that has its name, and an attached one that is invalid', () => {
    const top = index('status', 't', { isValid: false });
    const indexes = [top, index('p1_status', 'p1', { isValid: false }), index('x', 'p2', { isValid: false, parentIndexOid: top.oid })];
    expect(told(planIndexModel(indexModel(2, all, { indexes })))).toEqual([
      'reindex p2: x',
      'attach-index p2: x to status',
      'reindex p1: p1_status',
      'attach-index p1: p1_status to status',
    ]);
  });

  it('leaves alone what a REINDEX could not make unique, attached or not, and builds the others', () => {
    const unique = entry('status', { isUnique: true, keys: [{ kind: 'column', column: 'at', options: '' }] });
    const broken = { isValid: false, isUnique: true, keys: ['at'] };
    const top = index('status', 't', broken);
    const own = index('p1_status', 'p1', broken);
    const attached = index('x', 'p2', { ...broken, parentIndexOid: top.oid });
    const marks = [own, attached].map((one) => markOf(one, unique, 'failed'));
    const model = indexModel(3, { indexes: [unique] }, { indexes: [top, own, attached], marks });
    expect(told(planIndexModel(model))).toEqual(['create-index concurrently p3: p3_status', 'attach-index p3: p3_status to status']);
    const again = model.marks.map((one) => ({ ...one, state: 'building' as const }));
    expect(told(planIndexModel({ ...model, marks: again }))).toContain('reindex p1: p1_status');
  });

  it('leaves alone what somebody is building', () => {
    const building = { isValid: false, isBuilding: true };
    const top = index('status', 't', { isValid: false });
    const model = indexModel(2, all, { indexes: [top, index('p1_status', 'p1', building), index('x', 'p2', building)] });
    expect(told(planIndexModel(model))).toEqual([]);
    expect(told(planIndexModel(indexModel(2, all, { indexes: [index('status', 't', building)] })))).toEqual([]);
    const renamed = index('p1_status', 'p1', { ...building, keys: ['amount'] });
    expect(told(planIndexModel(indexModel(1, all, { indexes: [top, renamed] })))).toEqual([]);
  });

  it('does not begin before all indexes are known', () => {
    expect(told(planIndexModel(indexModel(2, all, { isWhole: false })))).toEqual([]);
    const unread = { indexes: [index('status', 't', { keys: [] })], isWhole: false };
    expect(planIndexModel(indexModel(2, all, unread))).toEqual({ steps: [], findings: [] });
  });

  it('is made once when several entries ask for the same', () => {
    const indexes = [entry('current', { partitions: { kind: 'current' } }), status, entry('again')];
    const model = indexModel(1, { indexes });
    expect(told(planIndexModel(model))).toEqual([
      'create-index only t: status',
      'create-index concurrently p1: p1_status',
      'attach-index p1: p1_status to status',
    ]);
  });

  it('has nothing to do without entries and marks', () => {
    expect(planIndexModel(indexModel(1, {}))).toEqual({ steps: [], findings: [] });
  });
});

describe('partitions that leave while an index is rolled out', () => {
  it('get none, and the last attach waits until they have left, for nothing would come after it', () => {
    const model = indexModel(3, all, { leaving: ['oid of p1'] });
    const plan = planIndexModel(model);
    expect(told(plan)).toEqual([
      'create-index only t: status',
      'create-index concurrently p3: p3_status',
      'attach-index p3: p3_status to status',
      'create-index concurrently p2: p2_status',
    ]);
    const applied = applyIndexSteps(model, plan.steps);
    expect(told(planIndexModel(applied))).toEqual([]);
    const left = leave(applied);
    expect(told(planIndexModel(left))).toEqual(['attach-index p2: p2_status to status']);
    expect(isValid(applyIndexSteps(left, planIndexModel(left).steps), 'status')).toBe(true);
  });

  it('hold nothing up once they have it, or when their detach is pending', () => {
    const model = almost();
    const has = model.indexes.find(({ name }) => name.name === 'p2_status');
    expect(has?.parentIndexOid).not.toBeNull();
    expect(told(planIndexModel({ ...model, leaving: ['oid of p2'] }))).toContain('attach-index p1: p1_status to status');
    const pending = model.table.partitions.map((one) => (one.name.name === 'p1' ? { ...one, isDetachPending: true } : one));
    const settled = { ...model, leaving: ['oid of p1'], table: { ...model.table, partitions: pending } };
    expect(told(planIndexModel(settled))).toEqual(['attach-index p3: p3_status to status']);
  });

  it('leave an index that PostgreSQL looks at again when one is attached again', () => {
    const stuck = leave({ ...almost(), leaving: ['oid of p1'] });
    expect(isValid(stuck, 'status')).toBe(false);
    const plan = planIndexModel(stuck);
    expect(told(plan)).toEqual(['attach-index p3: p3_status to status']);
    expect(plan.steps[0]?.reason).toContain('one was removed meanwhile');
    expect(isValid(applyIndexSteps(stuck, plan.steps), 'status')).toBe(true);
  });

  it('may be all there are', () => {
    const model = indexModel(1, all, { leaving: ['oid of p1'] });
    expect(told(planIndexModel(model))).toEqual(['create-index only t: status']);
  });
});

describe('what keeps an index from all partitions', () => {
  it('is a name that another index has: both are shown, with the way out', () => {
    const other = { keys: ['lower(status)', 'b DESC'], isUnique: true, include: ['Odd'], where: '(b > 1)' };
    const plan = planIndexModel(indexModel(1, all, { indexes: [index('status', 't', other)] }));
    expect(plan.steps).toEqual([]);
    expect(plan.findings).toEqual([
      {
        kind: 'name-taken',
        severity: 'error',
        message:
          'The name public.status is taken by an index of public.t (UNIQUE USING btree (lower(status), b DESC) INCLUDE ("Odd") WHERE (b > 1)), and the policy asks for USING btree (status). Give that of the policy another name, or drop or rename what has it: until then index status is not made there.',
        partition: null,
      },
    ]);
  });

  it('is an index that was made for an earlier policy, even where only its storage differs', () => {
    const made = index('status', 't');
    const marks = [markOf(made, entry('status', { storage: { fillfactor: '70' } }))];
    const [finding] = planIndexModel(indexModel(1, all, { indexes: [made], marks })).findings;
    expect(finding?.message).toContain(`(USING btree (status) WITH (fillfactor = '70'))`);
    const same = [markOf(made, entry('status', { where: ' ' }))].map((mark) => ({ ...mark, definition: 'using  BTREE(STATUS)' }));
    expect(planIndexModel(indexModel(1, all, { indexes: [made], marks: same })).findings).toEqual([]);
  });

  it('trusts the mark where PostgreSQL prints an expression another way', () => {
    const wanted = entry('status', { where: "status IN ('a', 'b')" });
    const printed = index('status', 't', { where: "(status = ANY (ARRAY['a'::text, 'b'::text]))" });
    expect(planIndexModel(indexModel(1, { indexes: [wanted] }, { indexes: [printed], marks: [markOf(printed, wanted)] })).findings).toEqual(
      [],
    );
    const renamed = { ...markOf(printed, wanted), policyName: 'before' };
    expect(planIndexModel(indexModel(1, { indexes: [wanted] }, { indexes: [printed], marks: [renamed] })).findings).toHaveLength(1);
    const unspelled = { ...markOf(printed, wanted), definition: null };
    expect(planIndexModel(indexModel(1, { indexes: [wanted] }, { indexes: [printed], marks: [unspelled] })).findings).toHaveLength(1);
  });

  it('is a name that something else in the schema has', () => {
    const [finding] = planIndexModel(indexModel(1, all, { taken: ['status'] })).findings;
    expect(finding?.message).toContain('taken by something that is no index of public.t or below');
    const elsewhere = indexModel(1, all, { indexes: [index('status', 'p1', { keys: ['amount'] })] });
    expect(planIndexModel(elsewhere).findings[0]?.message).toContain('taken by an index of public.p1 (USING btree (amount))');
    const unknown = indexModel(1, all, { indexes: [index('status', 'p9')] });
    expect(planIndexModel(unknown).findings[0]?.message).toContain('taken by an index of public.t (');
  });

  it('is a name on a partition, while the others are built', () => {
    const strange = { keys: ['amount'] };
    const indexes = [index('p1_status', 'p1', strange), index('p2_status', 'p2', strange)];
    const model = indexModel(3, all, { indexes });
    const plan = planIndexModel(model);
    expect(told(plan)).toEqual([
      'create-index only t: status',
      'create-index concurrently p3: p3_status',
      'attach-index p3: p3_status to status',
    ]);
    expect(plan.findings).toHaveLength(1);
    expect(plan.findings[0]?.message).toContain(
      'The name public.p2_status is taken by an index of public.p2 (USING btree (amount)) (likewise public.p1_status)',
    );
    const below = indexModel(1, all, { subpartitioned: ['p1'], indexes: [index('p1_status', 'p1', strange)] });
    expect(told(planIndexModel(below))).toEqual(['create-index only t: status']);
    expect(planIndexModel(below).findings).toHaveLength(1);
  });

  it('is an index of that shape which belongs to another one', () => {
    const indexes = [index('p1_status', 'p1', { parentIndexOid: 'another' })];
    const plan = planIndexModel(indexModel(1, all, { indexes }));
    expect(told(plan)).toEqual(['create-index only t: status']);
    expect(plan.findings[0]?.kind).toBe('name-taken');
  });

  it('is an index that we were asked to rebuild, not to make: it is not dropped for having the name', () => {
    const theirs = index('p1_status', 'p1', { keys: ['amount'], isValid: false });
    const marks = [{ ...markOf(theirs, status, 'reindexing'), policyName: null, definition: null }];
    const plan = planIndexModel(indexModel(1, all, { indexes: [theirs], marks }));
    expect(told(plan)).toEqual(['create-index only t: status']);
    expect(plan.findings[0]?.kind).toBe('name-taken');
  });

  it('is a constraint that was begun by hand', () => {
    const indexes = [index('status', 't', { isValid: false, isConstraint: true })];
    expect(planIndexModel(indexModel(1, all, { indexes })).findings[0]?.kind).toBe('name-taken');
  });

  it('is uniqueness without the partition key', () => {
    const unique = entry('u', { isUnique: true });
    const plan = planIndexModel(indexModel(1, { indexes: [unique] }));
    expect(plan.steps).toEqual([]);
    expect(plan.findings).toMatchObject([{ kind: 'unsupported-key', severity: 'error' }]);
    expect(plan.findings[0]?.message).toContain('Add at to its columns');
    const expression = entry('u', { isUnique: true, keys: [{ kind: 'expression', expression: 'at' }] });
    expect(planIndexModel(indexModel(1, { indexes: [expression] })).findings).toHaveLength(1);
    const keyed = entry('u', { isUnique: true, keys: [...unique.keys, { kind: 'column', column: 'at', options: '' }] });
    expect(planIndexModel(indexModel(1, { indexes: [keyed] })).findings).toEqual([]);
  });

  it('is a foreign partition, unless it leaves', () => {
    const model = indexModel(2, all, { foreign: ['p1'] });
    expect(planIndexModel(model)).toMatchObject({ steps: [], findings: [{ kind: 'foreign-partition', severity: 'error' }] });
    expect(planIndexModel(model).findings[0]?.message).toContain('public.p1 is foreign');
    const two = indexModel(2, all, { foreign: ['p1', 'p2'] });
    expect(planIndexModel(two).findings[0]?.message).toContain('public.p1, public.p2 are foreign');
    expect(planIndexModel({ ...model, leaving: ['oid of p1'] }).findings).toEqual([]);
  });

  it('is only a warning to a run of other tasks', () => {
    const model = indexModel(2, all, { foreign: ['p1'] });
    expect(planIndexModel(model, { tasks: ['maintenance'] }).findings[0]?.severity).toBe('warning');
  });
});
