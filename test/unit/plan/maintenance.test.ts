import { describe, expect, it } from 'vitest';
import type { MaintenancePolicy } from '../../../src/partition/policy.ts';
import type { RelationFacts, UpkeepFacts } from '../../../src/partition/upkeep.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import type { Analyze, Reindex, Step, Vacuum } from '../../../src/plan/step.ts';
import { ago, factsOf, indexOf, leafOf, maintenanceOf } from '../../support/maintenance.ts';
import { contextAt, keep, type ModelSettings, modelOf, named, partition, planModel } from '../../support/model.ts';

/** p1 and p2 are over, p3 is this month's. */
const ranges = [
  ['2025-01-01', '2025-02-01'],
  ['2025-02-01', '2025-03-01'],
  ['2025-03-01', '2025-04-01'],
] as const;

interface Settings {
  readonly facts?: Partial<UpkeepFacts>;
  readonly maintenance?: Partial<MaintenancePolicy> | null;
  readonly model?: ModelSettings;
  readonly now?: string;
}

function plan(relations: readonly RelationFacts[], { facts, maintenance, model, now }: Settings = {}): Plan {
  const policy = { premake: 0, maintenance: maintenance === null ? null : maintenanceOf(maintenance), ...model?.policy };
  const table = { upkeep: factsOf({ relations, ...facts }), ...model?.table };
  return planModel(modelOf({ ranges, ...model, policy, table }), contextAt(now, { tasks: ['maintenance'] }));
}

function isMaintenance(step: Step): step is Vacuum | Analyze | Reindex {
  return step.kind === 'vacuum' || step.kind === 'analyze' || step.kind === 'reindex';
}

/** `vacuum freeze analyze p1`, in the order of the plan. */
function planned(...asked: Parameters<typeof plan>): readonly string[] {
  return plan(...asked)
    .steps.filter(isMaintenance)
    .map(spell);
}

function spell(step: Vacuum | Analyze | Reindex): string {
  const options = step.kind === 'vacuum' ? `${step.freeze ? ' freeze' : ''}${step.analyze ? ' analyze' : ''}` : '';
  return `${step.kind}${options} ${step.kind === 'reindex' ? step.index.name : step.partition.name}`;
}

function reasonFor(...asked: Parameters<typeof plan>): string | undefined {
  return plan(...asked).steps[0]?.reason;
}

describe('what is due', () => {
  it('is nothing for leaves that are young, analysed and quiet, nor where nothing was read', () => {
    expect(planned([leafOf('p3')])).toEqual([]);
    expect(planned([])).toEqual([]);
  });

  it('is nothing without maintenance in the policy, whatever the numbers', () => {
    const leaf = leafOf('p3', { deadRows: 5_000_000, changedRows: 5_000_000, xidAge: 190_000_000, isAnalyzed: false });
    expect(planned([leaf], { maintenance: null, facts: { parentAnalyzedAt: null } })).toEqual([]);
  });

  it('says in the step what to work on, and how hard', () => {
    const { limits } = maintenanceOf();
    expect(plan([leafOf('p3', { deadRows: 2001 })]).steps).toEqual([
      {
        kind: 'vacuum',
        table: named('t'),
        tableOid: '100',
        partition: named('p3'),
        partitionOid: 'oid of p3',
        range: { from: 1_740_787_200_000_000n, to: 1_743_465_600_000_000n },
        freeze: false,
        analyze: false,
        frozen: null,
        limits,
        reason: 'it has 2,001 dead rows, more than 10 % of its 20,000 live rows',
        task: 'maintenance',
      },
    ]);
  });
});

describe('VACUUM', () => {
  it('is due when dead rows pass the share of live ones, from 1,000 on', () => {
    expect(planned([leafOf('p3', { deadRows: 2000 })])).toEqual([]);
    expect(planned([leafOf('p3', { deadRows: 2001 })])).toEqual(['vacuum p3']);
    expect(planned([leafOf('p3', { deadRows: 999, liveRows: 10 })])).toEqual([]);
    expect(planned([leafOf('p3', { deadRows: 1000, liveRows: 10 })])).toEqual(['vacuum p3']);
  });

  it('is due when dead rows reach the number, and says so', () => {
    const settings: Settings = { maintenance: { vacuumDeadRows: 500 } };
    expect(planned([leafOf('p3', { deadRows: 499 })], settings)).toEqual([]);
    expect(reasonFor([leafOf('p3', { deadRows: 500 })], settings)).toBe('it has 500 dead rows, and 500 are enough');
  });

  it('freezes at the share of the age at which autovacuum is forced to, and says the numbers', () => {
    expect(planned([leafOf('p3', { xidAge: 149_999_999 })])).toEqual([]);
    expect(planned([leafOf('p3', { xidAge: 150_000_000 })])).toEqual(['vacuum freeze p3']);
    expect(reasonFor([leafOf('p3', { xidAge: 150_000_000 })])).toBe(
      'its oldest transaction is 150,000,000 old, at least 75 % of autovacuum_freeze_max_age (200,000,000)',
    );
  });

  it('freezes for old multixacts too, and for both at once', () => {
    expect(planned([leafOf('p3', { mxidAge: 299_999_999 })])).toEqual([]);
    expect(reasonFor([leafOf('p3', { mxidAge: 300_000_000 })])).toBe(
      'its oldest multixact is 300,000,000 old, at least 75 % of autovacuum_multixact_freeze_max_age (400,000,000)',
    );
    expect(reasonFor([leafOf('p3', { xidAge: 160_000_000, mxidAge: 300_000_000 })])).toBe(
      'its oldest transaction is 160,000,000 old, at least 75 % of autovacuum_freeze_max_age (200,000,000) and its oldest multixact is 300,000,000 old, at least 75 % of autovacuum_multixact_freeze_max_age (400,000,000)',
    );
  });

  it('analyses as well when that is due, in one command', () => {
    const leaf = leafOf('p3', { deadRows: 5000, changedRows: 5000 });
    expect(planned([leaf])).toEqual(['vacuum analyze p3']);
    expect(reasonFor([leaf])).toBe(
      'it has 5,000 dead rows, more than 10 % of its 20,000 live rows; it has had 5,000 row changes since it was analysed, more than 10 % of its 20,000 live rows',
    );
  });
});

describe('ANALYZE', () => {
  it('is due for what was never analysed and holds rows', () => {
    expect(planned([leafOf('p3', { isAnalyzed: false, liveRows: 1, analyzedAt: null })])).toEqual(['analyze p3']);
    expect(reasonFor([leafOf('p3', { isAnalyzed: false, analyzedAt: null })])).toBe('it was never analysed and has 20,000 rows');
    expect(planned([leafOf('p3', { isAnalyzed: false, liveRows: 0, analyzedAt: null })])).toEqual([]);
  });

  it('is due when changed rows pass the share of live ones from 1,000 on, or reach the number', () => {
    expect(planned([leafOf('p3', { changedRows: 2000 })])).toEqual([]);
    expect(planned([leafOf('p3', { changedRows: 2001 })])).toEqual(['analyze p3']);
    expect(planned([leafOf('p3', { changedRows: 999, liveRows: 0 })])).toEqual([]);
    expect(planned([leafOf('p3', { changedRows: 1000, liveRows: 0 })])).toEqual(['analyze p3']);
    expect(reasonFor([leafOf('p3', { changedRows: 7 })], { maintenance: { analyzeChangedRows: 7 } })).toBe(
      'it has had 7 row changes since it was analysed, and 7 are enough',
    );
    expect(reasonFor([leafOf('p3', { changedRows: 30_001 })], { maintenance: { analyzeChangedRatio: 1.255 } })).toBe(
      'it has had 30,001 row changes since it was analysed, more than 125.5 % of its 20,000 live rows',
    );
  });
});

describe('the partitioned table itself', () => {
  it('is analysed when it never was or long ago, after its partitions', () => {
    const leaf = leafOf('p3', { changedRows: 2001 });
    const analysed = plan([leaf], { facts: { parentAnalyzedAt: null } }).steps;
    expect(analysed.filter(isMaintenance).map(spell)).toEqual(['analyze p3', 'analyze t']);
    expect(analysed[1]).toMatchObject({ isParent: true, partitionOid: '100', range: null, limits: maintenanceOf().limits });
    expect(analysed[1]?.reason).toBe('it was never analysed, and autovacuum never does that');
    expect(reasonFor([leafOf('p3')], { facts: { parentAnalyzedAt: ago('1 day') } })).toBe(
      'it was last analysed at 2025-03-09T12:00:00Z, 1,440 minutes ago, and autovacuum never does that',
    );
    expect(planned([leafOf('p3')], { facts: { parentAnalyzedAt: ago('1 day') + 1n } })).toEqual([]);
  });

  it('is analysed for rows of partitions of which nothing else was read', () => {
    const filled = [partition('p9', { kind: 'range', from: 0n, to: 1n }, { estimatedRows: 5 })];
    expect(planned([], { facts: { parentAnalyzedAt: null }, model: { partitions: filled } })).toEqual(['analyze t']);
    expect(planned([], { facts: { parentAnalyzedAt: null } })).toEqual([]);
    expect(planned([leafOf('p3', { liveRows: 0 })], { facts: { parentAnalyzedAt: null } })).toEqual([]);
  });

  it('is left alone when the policy or the privileges say so', () => {
    expect(planned([leafOf('p3')], { facts: { parentAnalyzedAt: null }, maintenance: { parentAnalyzeEveryMs: null } })).toEqual([]);
    expect(planned([leafOf('p3')], { facts: { parentAnalyzedAt: null, mayMaintain: false } })).toEqual([]);
  });
});

describe('the order', () => {
  it('is age, dead rows, statistics, the table, closed partitions, indexes; the worst of each first', () => {
    const closed = { analyzedAt: ago('1 day') };
    const relations = [
      leafOf('p2', { ...closed }),
      leafOf('p1', { ...closed }),
      leafOf('changed', { rootOid: 'oid of p3', changedRows: 3000 }),
      leafOf('more changed', { rootOid: 'oid of p3', changedRows: 9000 }),
      leafOf('dead', { rootOid: 'oid of p3', deadRows: 3000 }),
      leafOf('more dead', { rootOid: 'oid of p3', deadRows: 4000 }),
      leafOf('old', { rootOid: 'oid of p3', xidAge: 160_000_000 }),
      leafOf('older', { rootOid: 'oid of p3', mxidAge: 390_000_000, deadRows: 9000 }),
    ];
    const indexes = [
      indexOf('b', 'dead', { wastedBytes: 60 * 1024 * 1024 }),
      indexOf('c', 'dead', { wastedBytes: 70 * 1024 * 1024 }),
      indexOf('d', 'dead', { isValid: false }),
      indexOf('e', 'dead', { isValid: false }),
      indexOf('f', 'p1', { isValid: false }),
    ];
    const settings: Settings = { facts: { parentAnalyzedAt: null, indexes } };
    const expected = [
      'vacuum freeze older',
      'vacuum freeze old',
      'vacuum more dead',
      'vacuum dead',
      'analyze more changed',
      'analyze changed',
      'analyze t',
      'vacuum freeze analyze p1',
      'vacuum freeze analyze p2',
      'reindex f',
      'reindex d',
      'reindex e',
      'reindex c',
      'reindex b',
    ];
    expect(planned(relations, settings)).toEqual(expected);
    expect(planned(relations.toReversed(), { facts: { parentAnalyzedAt: null, indexes: indexes.toReversed() } })).toEqual(expected);
  });

  it('is by name where all else is equal, and what has no range comes last', () => {
    const dead = { deadRows: 5000 };
    const relations = [
      leafOf('d', dead),
      leafOf('b', { ...dead, rootOid: 'oid of p3' }),
      leafOf('a', { ...dead, rootOid: 'oid of p3' }),
      leafOf('p2', { ...dead, analyzedAt: ago('1 minute') }),
    ];
    const model: ModelSettings = { partitions: [partition('d', { kind: 'default' })] };
    expect(planned(relations, { model })).toEqual(['vacuum p2', 'vacuum a', 'vacuum b', 'vacuum d']);
  });
});

describe('what gets nothing', () => {
  const dead = { deadRows: 5000 };

  it('is what is foreign, partitioned, gone, or below a pending detach', () => {
    const model: ModelSettings = {
      partitions: [partition('p9', { kind: 'range', from: 0n, to: 1n }, { isDetachPending: true })],
    };
    const relations = [
      leafOf('p1', { ...dead, kind: 'foreign' }),
      leafOf('p2', { ...dead, kind: 'partitioned' }),
      leafOf('p8', dead),
      leafOf('p9', dead),
      leafOf('below p9', { ...dead, rootOid: 'oid of p9' }),
      leafOf('p3', dead),
    ];
    expect(planned(relations, { model })).toEqual(['vacuum p3']);
  });

  it('is what retention removes', () => {
    const model: ModelSettings = { policy: { retention: keep('1 month') } };
    expect(planned([leafOf('p1', dead), leafOf('p2', dead)], { model })).toEqual(['vacuum p2']);
  });

  it('is what the role may not maintain, and one finding says so', () => {
    const relations = [leafOf('p1', { ...dead, mayMaintain: false }), leafOf('p2', dead), leafOf('p3', { mayMaintain: false })];
    const found = plan(relations);
    expect(found.steps.map(({ partition: { name } }) => name)).toEqual(['p2']);
    expect(found.findings).toEqual([
      {
        kind: 'missing-privilege',
        severity: 'warning',
        message:
          "partitiond's role may not vacuum and analyse public.p1, so that is not done. From PostgreSQL 17 on, GRANT MAINTAIN ON public.t and on its partitions to the role; before, make it a member of the owner: GRANT owner TO it.",
        partition: named('p1'),
      },
    ]);
  });
});
