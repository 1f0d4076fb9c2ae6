import { describe, expect, it } from 'vitest';
import { type Chain, chainsOf, fitsBeside, nextChain } from '../../../../src/apply/upkeep/chain.ts';
import type { Analyze, Vacuum } from '../../../../src/plan/step.ts';

const limits = { concurrency: 2, window: null, costDelayMs: null, costLimit: null, maxReplicationLagMs: null, maxLockWaiters: null };

function chain(tableOid: string, relationOid: string, concurrency = 2): Chain {
  return { tableOid, relationOid, limits: { ...limits, concurrency }, isExclusive: tableOid === relationOid, steps: [] };
}

function vacuum(tableOid: string, partitionOid: string, reason: string): Vacuum {
  const name = { schema: 'public', name: `p${partitionOid}` };
  const about = { table: name, tableOid, partition: name, partitionOid, range: null, reason, limits };
  return { ...about, kind: 'vacuum', task: 'maintenance', freeze: false, analyze: true, frozen: null };
}

describe('chains of upkeep steps', () => {
  it('hold the steps of one relation of one table each, in the order in which they first appear', () => {
    const steps = [vacuum('1', '11', 'a'), vacuum('1', '12', 'b'), vacuum('2', '11', 'c'), vacuum('1', '11', 'd')];
    expect(chainsOf(steps, 180000).map(({ steps: own }) => own.map(({ reason }) => reason))).toEqual([['a', 'd'], ['b'], ['c']]);
  });

  it.each<[string, Chain, readonly Chain[], boolean]>([
    ['beside nothing', chain('1', '11'), [], true],
    ['beside another partition', chain('1', '11'), [chain('1', '12')], true],
    ['not beyond the concurrency of its table', chain('1', '11'), [chain('1', '12'), chain('1', '13')], false],
    ['whatever other tables do', chain('1', '11', 1), [chain('2', '21'), chain('2', '22')], true],
    ['not beside the same partition, as part of another table', chain('1', '11'), [chain('2', '11')], false],
    ['not beside its table', chain('1', '11'), [chain('1', '1')], false],
    ['not, as the table itself, beside a partition', chain('1', '1'), [chain('1', '11')], false],
  ])('run %s', (_, one, active, may) => {
    expect(fitsBeside(one, new Set(active))).toBe(may);
  });

  it.each([
    [170000, true],
    [180000, false],
  ])('of the table itself, on %s, keep its partitions from running: %s', (version, isExclusive) => {
    const analyze: Analyze = { ...vacuum('1', '1', 'a'), kind: 'analyze', isParent: true };
    expect(chainsOf([analyze], version)).toMatchObject([{ isExclusive }]);
    expect(chainsOf([analyze, vacuum('1', '1', 'b')], version)).toMatchObject([{ isExclusive: true }]);
  });

  it('begin in their order, but for those that do not fit', () => {
    const [one, two, other] = [chain('1', '11'), chain('1', '12', 1), chain('2', '21')];
    expect(nextChain([one, two, other], new Set(), () => true)).toBe(one);
    expect(nextChain([two, other], new Set([one]), () => true)).toBe(other);
    expect(nextChain([two, other], new Set([one]), (chosen) => chosen !== other)).toBeNull();
  });

  it('of the table itself come before what is later in the order, though they wait for what is at work', () => {
    const [atWork, table, later, other] = [chain('1', '11'), chain('1', '1'), chain('1', '12'), chain('2', '21')];
    expect(nextChain([table, later, other], new Set([atWork]), () => true)).toBe(other);
    expect(nextChain([table, later], new Set([atWork]), () => true)).toBeNull();
    // Held up for another reason it stops nobody.
    expect(nextChain([table, later], new Set([atWork]), (chosen) => chosen !== table)).toBe(later);
  });
});
