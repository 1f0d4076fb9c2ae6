import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EpochMicros } from '../../../src/partition/position.ts';
import type { IndexFacts, RelationFacts, UpkeepFacts } from '../../../src/partition/upkeep.ts';
import type { Step } from '../../../src/plan/step.ts';
import { factsOf, indexOf, leafOf, maintenanceOf } from '../../support/maintenance.ts';
import { contextAt, instant, modelOf, planModel } from '../../support/model.ts';

const now = instant('2025-03-10T12:00:00Z');
const hour = 3_600_000_000n;
/** p1 and p2 are over, p3 is this month's; s1 and s2 are partitions of p2. */
const ranges = [
  ['2025-01-01', '2025-02-01'],
  ['2025-02-01', '2025-03-01'],
  ['2025-03-01', '2025-04-01'],
] as const;
const leaves = { p1: 'p1', s1: 'p2', s2: 'p2', p3: 'p3' } as const;
type Name = keyof typeof leaves;

const rows = fc.constantFrom(0, 1, 999, 1000, 20_000, 2_000_000);
const age = fc.constantFrom(0, 149_999_999, 150_000_000, 320_000_000);
const analyzedAt = fc.constantFrom(null, now, now - hour, now - 48n * hour);

function relationNamed(name: Name): fc.Arbitrary<RelationFacts> {
  const draws = fc.record({ liveRows: rows, deadRows: rows, changedRows: rows, changes: rows, xidAge: age, mxidAge: age, analyzedAt });
  return fc
    .tuple(draws, fc.boolean(), fc.constantFrom('1', '2'), fc.integer({ min: 0, max: 5 }), fc.boolean())
    .map(([draw, isAnalyzed, filenode, dice, mayReindex]) =>
      leafOf(name, { ...draw, isAnalyzed, filenode, rootOid: `oid of ${leaves[name]}`, mayMaintain: dice > 0, mayReindex }),
    );
}

function indexBelow(name: Name): fc.Arbitrary<IndexFacts> {
  const wasted = fc.constantFrom(null, 0, 50, 51, 100).map((share) => (share === null ? null : share * 1024 * 1024));
  return fc
    .record({ isValid: fc.boolean(), isBuilding: fc.boolean(), wastedBytes: wasted })
    .map((draw) => indexOf(`${name}_i`, name, draw));
}

const cases: fc.Arbitrary<UpkeepFacts> = fc
  .tuple(
    fc.tuple(relationNamed('p1'), relationNamed('s1'), relationNamed('s2'), relationNamed('p3')),
    fc.tuple(indexBelow('p1'), indexBelow('s1'), indexBelow('s2'), indexBelow('p3')),
    fc.option(fc.record({ filenode: fc.constantFrom('1', '2'), changes: rows })),
    analyzedAt,
  )
  .map(([relations, indexes, mark, parentAnalyzedAt]) => {
    const frozen = new Map(mark === null ? [] : [['oid of p1', { oid: 'oid of p1', ...mark }]]);
    return factsOf({ relations, indexes, parentAnalyzedAt, marks: { frozen, indexes: [] } });
  });

function plan(upkeep: UpkeepFacts, at: EpochMicros = now): readonly Step[] {
  const model = modelOf({ ranges, policy: { premake: 0, maintenance: maintenanceOf() }, table: { upkeep } });
  return planModel(model, contextAt(at, { tasks: ['maintenance'] })).steps;
}

/** What the statistics, the catalog and the journal tell after a step. */
function apply(facts: UpkeepFacts, step: Step, at: EpochMicros): UpkeepFacts {
  const analysed = { changedRows: 0, isAnalyzed: true, analyzedAt: at };
  const change = (changes: Partial<RelationFacts>): UpkeepFacts => ({
    ...facts,
    relations: facts.relations.map((one) => (one.oid === oidOf(step) ? { ...one, ...changes } : one)),
  });
  if (step.kind === 'vacuum') {
    const frozen = step.frozen === null ? facts.marks.frozen : new Map([...facts.marks.frozen, [step.frozen.oid, step.frozen]]);
    const ages = step.freeze ? { xidAge: 0, mxidAge: 0 } : {};
    return { ...change({ deadRows: 0, ...ages, ...(step.analyze ? analysed : {}) }), marks: { ...facts.marks, frozen } };
  }
  if (step.kind === 'analyze') return step.isParent ? { ...facts, parentAnalyzedAt: at } : change(analysed);
  if (step.kind !== 'reindex') throw new Error(`${step.kind} is no maintenance`);
  const rebuilt = { isValid: true, wastedBytes: 0 };
  return { ...facts, indexes: facts.indexes.map((one) => (one.oid === step.indexOid ? { ...one, ...rebuilt } : one)) };
}

function oidOf(step: Step): string {
  return 'partitionOid' in step ? step.partitionOid : '';
}

function applyAll(facts: UpkeepFacts, steps: readonly Step[], at: EpochMicros): UpkeepFacts {
  return steps.reduce((current, step) => apply(current, step, at), facts);
}

/** Three passes, two hours apart, in which nobody writes; so that whatever has closed is analysed, frozen and remembered. */
function settle(facts: UpkeepFacts): UpkeepFacts {
  return [0n, 2n, 4n].reduce((current, hours) => {
    const at = now + hours * hour;
    return applyAll(current, plan(current, at), at);
  }, facts);
}

describe('a plan of maintenance', () => {
  it('leaves nothing to plan at that moment once it is applied', () => {
    fc.assert(
      fc.property(cases, (facts) => {
        expect(plan(applyAll(facts, plan(facts), now))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('ends: where nobody writes, later passes find nothing but the daily ANALYZE of the table', () => {
    fc.assert(
      fc.property(cases, (facts) => {
        const settled = settle(facts);
        expect(plan(settled, now + 6n * hour)).toEqual([]);
        expect(plan(settled, now + 480n * hour).every((step) => step.kind === 'analyze' && step.isParent)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('freezes each closed leaf with rows, and again after many changes only', () => {
    fc.assert(
      fc.property(cases, (facts) => {
        const { marks, relations } = settle(facts);
        const closed = relations.filter(({ oid, liveRows, mayMaintain }) => oid !== 'oid of p3' && liveRows > 0 && mayMaintain);
        for (const { oid, filenode, changes, liveRows } of closed) {
          expect(marks.frozen.get(oid)?.filenode).toBe(filenode);
          expect(marks.frozen.get(oid)?.changes).toBeGreaterThanOrEqual(changes - Math.max(1000, 0.01 * liveRows));
        }
        expect(marks.frozen.has('oid of p3')).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('converges when it is killed after any step', () => {
    fc.assert(
      fc.property(cases, fc.nat(), (facts, dice) => {
        const steps = plan(facts);
        const killed = applyAll(facts, steps.slice(0, dice % (steps.length + 1)), now);
        expect(applyAll(killed, plan(killed), now)).toEqual(applyAll(facts, steps, now));
      }),
      { numRuns: 300 },
    );
  });

  it('does not depend on the order of relations and indexes, nor on those about which nothing is due', () => {
    fc.assert(
      fc.property(cases, (facts) => {
        const steps = plan(facts);
        const due = new Set(steps.map(oidOf));
        const reversed = { ...facts, relations: facts.relations.toReversed(), indexes: facts.indexes.toReversed() };
        expect(plan(reversed)).toEqual(steps);
        const few = { ...facts, parentAnalyzedAt: now, relations: facts.relations.filter(({ oid }) => due.has(oid)) };
        expect(plan(few)).toEqual(steps.filter((step) => step.kind !== 'analyze' || !step.isParent));
      }),
      { numRuns: 300 },
    );
  });

  it('has at most one VACUUM or ANALYZE of a leaf, before its REINDEX, and none that the role may not do', () => {
    fc.assert(
      fc.property(cases, (facts) => {
        const steps = plan(facts);
        for (const { oid, mayMaintain, mayReindex } of facts.relations) {
          const kinds = steps.filter((step) => oidOf(step) === oid).map(({ kind }) => kind);
          expect(kinds.filter((kind) => kind !== 'reindex').length).toBeLessThanOrEqual(1);
          expect(kinds.lastIndexOf('vacuum')).toBeLessThanOrEqual(Math.max(kinds.indexOf('reindex'), 0));
          if (!mayMaintain) expect(kinds.filter((kind) => kind !== 'reindex')).toEqual([]);
          if (!mayReindex) expect(kinds).not.toContain('reindex');
        }
      }),
      { numRuns: 300 },
    );
  });
});
