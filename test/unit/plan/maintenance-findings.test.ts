import { describe, expect, it } from 'vitest';
import type { RelationFacts, UpkeepFacts } from '../../../src/partition/upkeep.ts';
import type { Finding } from '../../../src/plan/finding.ts';
import { factsOf, indexOf, leafOf, maintenanceOf } from '../../support/maintenance.ts';
import { contextAt, modelOf, named, planModel } from '../../support/model.ts';

function findings(relations: readonly RelationFacts[], facts: Partial<UpkeepFacts> = {}, isMaintained = true): readonly Finding[] {
  const model = modelOf({
    ranges: [['2025-03-01', '2025-04-01']],
    policy: { premake: 0, maintenance: isMaintained ? maintenanceOf() : null },
    table: { upkeep: factsOf({ relations, ...facts }) },
  });
  return planModel(model, contextAt()).findings;
}

const inPresent = { rootOid: 'oid of p1' };

describe('partitions that were never analysed', () => {
  const blind = (name: string): RelationFacts => leafOf(name, { ...inPresent, isAnalyzed: false });

  it('are one finding with their number and first names', () => {
    expect(findings(['e', 'd', 'c', 'b'].map(blind))).toEqual([
      {
        kind: 'never-analysed',
        severity: 'warning',
        message:
          '4 partitions of public.t with rows were never analysed, so queries on them are planned by guesswork: public.b, public.c, public.d and 1 more.',
        partition: named('b'),
      },
    ]);
    expect(findings([blind('b')])[0]?.message).toContain('1 partition of public.t with rows was never analysed');
  });

  it('are none when they are empty, when they were, or when nothing is maintained', () => {
    expect(findings([{ ...blind('b'), liveRows: 0 }, leafOf('p1')])).toEqual([]);
    expect(findings([blind('b')], {}, false)).toEqual([]);
  });
});

describe('wraparound', () => {
  it('is near far above the age at which autovacuum itself has to freeze, also when nothing is maintained', () => {
    const relations = [
      leafOf('b', { ...inPresent, xidAge: 300_000_000, mxidAge: 600_000_000 }),
      leafOf('c', { ...inPresent, xidAge: 300_000_001 }),
      leafOf('e', { ...inPresent, mxidAge: 700_000_000 }),
      leafOf('d', { ...inPresent, mxidAge: 700_000_000 }),
    ];
    const expected: Finding = {
      kind: 'near-wraparound',
      severity: 'warning',
      message:
        'Autovacuum has not frozen 3 partitions of public.t although they are far older than the age at which it has to: public.d, public.e, public.c. public.d is 1,000 transactions old (autovacuum_freeze_max_age is 200,000,000) and 700,000,000 multixacts (400,000,000). Look for old transactions, prepared transactions and replication slots first, then run VACUUM (FREEZE) on them.',
      partition: named('d'),
    };
    expect(findings(relations)).toEqual([expected]);
    expect(findings(relations, {}, false)).toEqual([expected]);
    expect(findings(relations.slice(0, 2))[0]?.message).toContain('not frozen 1 partition of public.t although it is far older than');
    expect(findings(relations.slice(0, 1))).toEqual([]);
  });

  it('is near at two thousand million in any case, where no transaction could be half as old again as the limit', () => {
    const facts = { freezeMaxAge: 1_900_000_000, multixactFreezeMaxAge: 2_000_000_000 };
    const aged = (xidAge: number, mxidAge: number): readonly Finding[] => findings([leafOf('p1', { xidAge, mxidAge })], facts);
    expect(aged(2_000_000_000, 2_000_000_000)).toEqual([]);
    expect(aged(2_000_000_001, 0)).toMatchObject([{ kind: 'near-wraparound' }]);
    expect(aged(0, 2_000_000_001)).toMatchObject([{ kind: 'near-wraparound' }]);
  });
});

describe('privileges', () => {
  it('are missed once, before anything is due', () => {
    expect(findings([], { mayMaintain: false })).toMatchObject([
      {
        kind: 'missing-privilege',
        severity: 'warning',
        partition: null,
        message: expect.stringContaining('vacuum and analyse public.t, so that is not done'),
      },
    ]);
    expect(findings([], { mayMaintain: false }, false)).toEqual([]);
  });

  it('are not missed for an index alone, which comes with the statement to run', () => {
    const relations = [leafOf('p1', { mayMaintain: false, mayReindex: false })];
    expect(findings(relations, { indexes: [indexOf('i', 'p1', { isValid: false })] }).map(({ kind }) => kind)).toEqual(['invalid-index']);
  });
});
