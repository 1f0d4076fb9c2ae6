import { describe, expect, it } from 'vitest';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { MaintenancePolicy } from '../../../src/partition/policy.ts';
import type { FrozenMark, RelationFacts } from '../../../src/partition/upkeep.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { ago, factsOf, leafOf, maintenanceOf } from '../../support/maintenance.ts';
import { codecOf, contextAt, type ModelSettings, modelOf, partition, planModel, rangePartition } from '../../support/model.ts';

/** p1 ended at the end of February; p2 is this month's. It is 10 March, noon. */
const ranges = [
  ['2025-02-01', '2025-03-01'],
  ['2025-03-01', '2025-04-01'],
] as const;

interface Settings {
  readonly maintenance?: Partial<MaintenancePolicy>;
  readonly frozen?: Partial<FrozenMark>;
  readonly model?: ModelSettings;
  readonly now?: string;
}

function plan(relations: readonly RelationFacts[], { maintenance, frozen, model, now }: Settings = {}): Plan {
  const policy = { premake: 0, maintenance: maintenanceOf(maintenance), ...model?.policy };
  const mark = { oid: 'oid of p1', filenode: '1', changes: 20_000, ...frozen };
  const marks = { frozen: new Map(frozen === undefined ? [] : [[mark.oid, mark]]), indexes: [] };
  const table = { upkeep: factsOf({ relations, marks }), ...model?.table };
  return planModel(modelOf({ ranges, ...model, policy, table }), contextAt(now, { tasks: ['maintenance'] }));
}

/** `freeze` and `analyze` with the partition's name. */
function planned(...asked: Parameters<typeof plan>): readonly string[] {
  return plan(...asked).steps.map((step) => `${step.kind === 'vacuum' && step.freeze ? 'freeze' : step.kind} ${step.partition.name}`);
}

const quiet = { analyzedAt: ago('1 hour') };
const written = { changedRows: 12, analyzedAt: ago('1 hour') };

describe('a partition whose range is over', () => {
  it('is frozen once no row has changed for long enough, and says since when', () => {
    const { steps } = plan([leafOf('p1', quiet)]);
    expect(steps).toMatchObject([
      { kind: 'vacuum', freeze: true, analyze: true, frozen: { oid: 'oid of p1', filenode: '1', changes: 20_000 } },
    ]);
    expect(steps[0]?.reason).toBe(
      'its range ended at 2025-03-01T00:00:00Z, and none of its 20,000 rows has changed since it was analysed at 2025-03-10T11:00:00Z; frozen once, it needs no scan against wraparound later',
    );
    expect(planned([leafOf('p1', { analyzedAt: ago('1 hour') + 1n })])).toEqual([]);
  });

  it('has closed when its range has been over for long enough, to the microsecond', () => {
    const leaf = leafOf('p1', { analyzedAt: ago('2 days') - 86_400_000_000n * 20n });
    expect(planned([leaf], { now: '2025-03-01T01:00:00Z' })).toEqual(['freeze p1']);
    expect(planned([leaf], { now: '2025-03-01T00:59:59.999999Z' })).toEqual([]);
    expect(planned([leaf], { now: '2025-03-01T00:00:00Z', maintenance: { closedForMs: 0 } })).toEqual(['freeze p1']);
  });

  it('is analysed once where rows have changed since, which a later run compares with', () => {
    expect(planned([leafOf('p1', written)])).toEqual(['analyze p1']);
    expect(plan([leafOf('p1', written)]).steps[0]?.reason).toBe(
      'its range ended at 2025-03-01T00:00:00Z, and no ANALYZE has seen its last 12 row changes',
    );
    expect(planned([leafOf('p1', { changedRows: 12 })])).toEqual([]);
    expect(planned([leafOf('p1', { ...written, analyzedAt: null })])).toEqual(['analyze p1']);
  });

  it('is analysed once where a crash made the statistics forget', () => {
    expect(planned([leafOf('p1', { analyzedAt: null })])).toEqual(['analyze p1']);
    expect(plan([leafOf('p1', { analyzedAt: null })]).steps[0]?.reason).toBe(
      'its range ended at 2025-03-01T00:00:00Z, and the statistics do not tell whether its rows still change',
    );
  });

  it('gives one reason to analyse it, not two', () => {
    expect(plan([leafOf('p1', { changedRows: 9000, analyzedAt: ago('1 day') })]).steps.map(({ reason }) => reason)).toEqual([
      'it has had 9,000 row changes since it was analysed, more than 10 % of its 20,000 live rows',
    ]);
  });

  it('is vacuumed, frozen and analysed by one command, which remembers it', () => {
    const { steps } = plan([leafOf('p1', { ...quiet, deadRows: 5000, xidAge: 160_000_000 })]);
    expect(steps).toMatchObject([{ kind: 'vacuum', freeze: true, analyze: true, frozen: { oid: 'oid of p1' } }]);
    expect(steps[0]?.reason.split('; ')).toHaveLength(4);
    const open = plan([leafOf('p2', { ...quiet, xidAge: 160_000_000 })]).steps;
    expect(open).toMatchObject([{ kind: 'vacuum', freeze: true, analyze: false, frozen: null }]);
  });

  it('is left alone when it holds nothing', () => {
    expect(planned([leafOf('p1', { ...quiet, liveRows: 0 })])).toEqual([]);
    expect(planned([leafOf('p1', { analyzedAt: null, liveRows: 0 })])).toEqual([]);
  });

  it('is left alone with freezeClosed off, but for statistics that have not seen its last rows', () => {
    const maintenance = { freezeClosed: false };
    expect(planned([leafOf('p1', quiet)], { maintenance })).toEqual([]);
    expect(planned([leafOf('p1', { analyzedAt: null })], { maintenance })).toEqual([]);
    expect(planned([leafOf('p1', written)], { maintenance })).toEqual(['analyze p1']);
  });
});

describe('a partition that was frozen', () => {
  it('is not frozen again while it is the same file with no more changes, also after a crash of the statistics', () => {
    expect(planned([leafOf('p1', quiet)], { frozen: {} })).toEqual([]);
    expect(planned([leafOf('p1', { ...quiet, changes: 0 })], { frozen: {} })).toEqual([]);
    expect(planned([leafOf('p1', { analyzedAt: null, changes: 0 })], { frozen: {} })).toEqual([]);
  });

  it('is frozen again when its file is another or many rows have changed, once they have stopped', () => {
    expect(planned([leafOf('p1', quiet)], { frozen: { filenode: '2' } })).toEqual(['freeze p1']);
    expect(planned([leafOf('p1', quiet)], { frozen: { changes: 18_999 } })).toEqual(['freeze p1']);
    expect(planned([leafOf('p1', { ...written, changedRows: 1001 })], { frozen: { changes: 18_999 } })).toEqual(['analyze p1']);
  });

  it('is neither analysed nor frozen again for late rows that are few, in number or as a share of what it holds', () => {
    const late = { ...written, changedRows: 1000 };
    expect(planned([leafOf('p1', late)], { frozen: { changes: 19_000 } })).toEqual([]);
    expect(planned([leafOf('p1', quiet)], { frozen: { changes: 19_000 } })).toEqual([]);
    const large = { liveRows: 300_000, changes: 303_000 };
    expect(planned([leafOf('p1', { ...late, ...large })], { frozen: { changes: 300_000 } })).toEqual([]);
    expect(planned([leafOf('p1', { ...quiet, ...large })], { frozen: { changes: 300_000 } })).toEqual([]);
    expect(planned([leafOf('p1', { ...quiet, ...large })], { frozen: { changes: 299_999 } })).toEqual(['freeze p1']);
    expect(planned([leafOf('p1', { ...late, liveRows: 9000 })], { frozen: { changes: 19_000 } })).toEqual(['analyze p1']);
  });

  it('is told from others by its oid', () => {
    expect(planned([leafOf('p1', quiet)], { frozen: { oid: 'oid of p0' } })).toEqual(['freeze p1']);
  });
});

describe('what has not closed', () => {
  it('is the present partition, the default, what has no upper end, and what cannot be read', () => {
    const partitions = [
      partition('d', { kind: 'default' }),
      partition('u', { kind: 'unreadable', reason: 'it is LIST' }),
      rangePartition(codecOf('timestamp with time zone'), 'm', '2025-04-01', 'MAXVALUE'),
    ];
    const relations = ['p2', 'd', 'u', 'm'].map((name) => leafOf(name, { analyzedAt: ago('2 days') }));
    expect(planned(relations, { model: { partitions } })).toEqual([]);
  });
});

describe('a partition of a key that is a number', () => {
  const model = (newest: bigint | null, believable?: bigint | null): ModelSettings => ({
    type: 'bigint',
    ranges: [
      ['0', '100'],
      ['100', '200'],
    ],
    policy: { interval: parseInterval('100') },
    table: {
      newest: { position: newest, beyondHorizon: null, ...(believable === undefined ? {} : { believable }) },
      upkeep: factsOf({ relations: [leafOf('p1', quiet), leafOf('p2', quiet)] }),
    },
  });

  it('has closed when a later one holds the newest key', () => {
    expect(planned([], { model: model(100n) })).toEqual(['freeze p1']);
    expect(plan([], { model: model(100n) }).steps[0]?.reason).toContain('its range ended at 100, and none');
    expect(planned([], { model: model(99n) })).toEqual([]);
    expect(planned([], { model: model(null) })).toEqual([]);
  });

  it('is not closed by a row that cannot be believed', () => {
    expect(planned([], { model: model(1_000_000n, 50n) })).toEqual([]);
    expect(planned([], { model: model(1_000_000n, null) })).toEqual([]);
    expect(planned([], { model: model(1_000_000n, 150n) })).toEqual(['freeze p1']);
  });
});
