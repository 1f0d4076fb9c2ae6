import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/plan/finding.ts';
import { guardName } from '../../../src/plan/guard-name.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { questions } from '../../../src/plan/questions.ts';
import { applySteps, contextAt, instant, type ModelSettings, modelOf, named, partition, planModel } from '../../support/model.ts';

const defaultPartition = partition('t_default', { kind: 'default' });

function plan(settings: ModelSettings): Plan {
  return planModel(modelOf({ ...settings, policy: { premake: 2, ...settings.policy } }), contextAt());
}

function names({ steps }: Plan): readonly string[] {
  return steps.map(({ partition: { name } }) => name);
}

function inDefault({ findings }: Plan): readonly Finding[] {
  return findings.filter(({ kind }) => kind === 'rows-in-default');
}

describe('a missing default partition', () => {
  it('is made when managed, after the range partitions, which need no guard then', () => {
    const found = plan({ policy: { defaultPartition: 'managed' } });
    expect(names(found)).toEqual(['t_20250301', 't_20250401', 't_20250501', 't_default']);
    expect(found.steps.map((step) => 'guard' in step && step.guard)).toEqual([null, null, null, false]);
    expect(found.steps[3]).toMatchObject({
      kind: 'create-default',
      range: null,
      reason: 'the policy asks for a default partition, and there is none',
    });
  });

  it('is made alone when nothing else is missing', () => {
    expect(names(plan({ policy: { premake: 0, defaultPartition: 'managed' }, ranges: [['2025-03-01', '2025-04-01']] }))).toEqual([
      't_default',
    ]);
  });

  it('is never made with keep and none', () => {
    for (const kind of ['keep', 'none'] as const) {
      expect(names(plan({ policy: { defaultPartition: kind }, ranges: [['2025-03-01', 'MAXVALUE']] }))).toEqual([]);
    }
  });

  it('is made under the next free name when its own is taken', () => {
    const found = plan({
      policy: { defaultPartition: 'managed' },
      ranges: [['2025-03-01', 'MAXVALUE']],
      strangers: [named('t_default'), named('t_default_2')],
    });
    expect(names(found)).toEqual(['t_default_3']);
    expect(found.findings).toMatchObject([{ kind: 'name-taken', partition: named('t_default_3') }]);
  });

  it('keeps its suffix when the name of the table is long', () => {
    const name = named('x'.repeat(63));
    const found = plan({
      policy: { defaultPartition: 'managed' },
      ranges: [['2025-03-01', 'MAXVALUE']],
      table: { name },
      strangers: [named(`${'x'.repeat(55)}_default`)],
    });
    expect(names(found)).toEqual([`${'x'.repeat(55)}_defau_2`.slice(0, 63)]);
  });
});

describe('an existing default partition', () => {
  it('is guarded by each new partition, with a name of its own', () => {
    const { steps } = plan({ partitions: [defaultPartition] });
    const guards = steps.map((step) => (step.kind === 'create-partition' ? step.guard : null));
    expect(guards.map((guard) => guard?.defaultPartition)).toEqual([named('t_default'), named('t_default'), named('t_default')]);
    expect(new Set(guards.map((guard) => guard?.constraint)).size).toBe(3);
    for (const guard of guards) expect(guard?.constraint).toMatch(/^partitiond_guard_[0-9a-f]{12}$/);
  });

  it('loses leftover guards before anything else', () => {
    const found = plan({ partitions: [defaultPartition], table: { leftoverGuards: ['partitiond_guard_1', 'partitiond_guard_2'] } });
    expect(found.steps.slice(0, 2)).toMatchObject([
      { kind: 'drop-guard', partition: named('t_default'), constraint: 'partitiond_guard_1', task: 'provision' },
      { kind: 'drop-guard', constraint: 'partitiond_guard_2' },
    ]);
    expect(found.steps[2]?.kind).toBe('create-partition');
  });

  it('blocks only the partitions whose rows it holds', () => {
    const found = plan({ partitions: [defaultPartition], defaultKeys: [instant('2020-01-01'), instant('2025-04-07')] });
    expect(names(found)).toEqual(['t_20250301', 't_20250501']);
    expect(inDefault(found)).toEqual([
      {
        kind: 'rows-in-default',
        severity: 'warning',
        message:
          'public.t_default holds 2 rows, from 2020-01-01T00:00:00Z to 2025-04-07T00:00:00Z. They keep these partitions from being made: 2025-04-01T00:00:00Z to 2025-05-01T00:00:00Z. Move them to partitions of their own.',
        partition: named('t_default'),
      },
    ]);
  });

  it('gives its few rows to the partitions that need them when it is managed, in the order of the ranges', () => {
    const settings: ModelSettings = {
      policy: { defaultPartition: 'managed' },
      partitions: [defaultPartition],
      defaultKeys: [instant('2020-01-01'), instant('2025-04-07')],
    };
    const found = plan(settings);
    expect(found.steps.map(({ kind, partition: { name } }) => [kind, name])).toEqual([
      ['create-partition', 't_20250301'],
      ['drain-default', 't_20250401'],
      ['create-partition', 't_20250501'],
    ]);
    expect(found.steps[1]).toMatchObject({
      defaultPartition: named('t_default'),
      from: '2025-04-01 00:00:00+00',
      task: 'provision',
      reason: '2 partitions ahead of now (2025-03-10T12:00:00Z) are asked for, 0 exist, and the default partition holds rows of it',
    });
    expect(inDefault(found)[0]?.message).toBe(
      'public.t_default holds 2 rows, from 2020-01-01T00:00:00Z to 2025-04-07T00:00:00Z. Those of these partitions move there when they are made: 2025-04-01T00:00:00Z to 2025-05-01T00:00:00Z.',
    );
    const model = modelOf({ ...settings, policy: { defaultPartition: 'managed', premake: 2 } });
    const applied = applySteps(model, found.steps, contextAt().now);
    expect(applied.defaultKeys).toEqual([instant('2020-01-01')]);
    expect(planModel(applied, contextAt()).steps).toEqual([]);
  });

  it.each<[string, ModelSettings]>([
    ['the policy only keeps it', { policy: { defaultPartition: 'keep' } }],
    ['a foreign key refers to the table', { table: { referencedBy: [named('refund')] } }],
    ['a publication sends what is deleted from it', { table: { isDefaultPublished: true } }],
    ['it is partitioned itself', { partitions: [partition('t_default', { kind: 'default' }, { kind: 'partitioned' })] }],
    ['it holds too many', { table: { defaultRows: { count: 10_000, isExact: false, min: null, max: null } } }],
  ])('keeps its rows where %s', (_why, settings) => {
    const found = plan({
      partitions: [defaultPartition],
      defaultKeys: [instant('2025-04-07')],
      ...settings,
      policy: { defaultPartition: 'managed', ...settings.policy },
    });
    expect(names(found)).toEqual(['t_20250301', 't_20250501']);
  });

  it('is asked only about ranges between its smallest and greatest key', () => {
    const settings: ModelSettings = { policy: { premake: 2 }, partitions: [defaultPartition] };
    const asked = (defaultKeys: readonly bigint[]) => {
      const model = modelOf({ ...settings, defaultKeys });
      return questions(model.policy, model.table, contextAt()).defaultRanges.map(({ from }) => from);
    };
    expect(asked([])).toEqual([]);
    expect(asked([instant('2025-02-28T23:59:59Z')])).toEqual([]);
    expect(asked([instant('2020-01-01'), instant('2025-03-01')])).toEqual([instant('2025-03-01')]);
    expect(asked([instant('2025-04-01')])).toEqual([instant('2025-04-01')]);
    expect(asked([instant('2025-04-30'), instant('2025-05-01')])).toEqual([instant('2025-04-01'), instant('2025-05-01')]);
  });

  it('is asked about everything when its keys are not known', () => {
    const model = modelOf({
      policy: { premake: 2 },
      partitions: [defaultPartition],
      table: { defaultRows: { count: 10_000, isExact: false, min: null, max: null } },
    });
    expect(questions(model.policy, model.table, contextAt()).defaultRanges).toHaveLength(3);
    expect(inDefault(planModel(model, contextAt()))[0]?.message).toBe(
      'public.t_default holds at least 10,000 rows. `partitiond migrate start --table public.t --drain-default` moves them to partitions of their own, while the table is in use.',
    );
  });

  it('is asked about everything when nobody could look into it, and doubt keeps partitions from being made', () => {
    const settings: ModelSettings = {
      policy: { premake: 1 },
      partitions: [defaultPartition],
      table: { defaultRows: { count: 0, isExact: false, min: null, max: null } },
    };
    const model = modelOf({ ...settings, defaultKeys: [instant('2025-04-07')] });
    expect(questions(model.policy, model.table, contextAt()).defaultRanges).toHaveLength(2);
    const found = planModel(model, contextAt());
    expect(names(found)).toEqual(['t_20250301']);
    expect(inDefault(found).map(({ message }) => message)).toEqual([
      'public.t_default could not be looked into (it is locked, reading it took too long, or the role lacks SELECT on it). As it may hold rows of these partitions, they are not made: 2025-04-01T00:00:00Z to 2025-05-01T00:00:00Z. The next run looks again.',
    ]);
    expect(inDefault(plan(settings))).toEqual([]);
  });

  it('tells of a single row', () => {
    const found = plan({
      policy: { premake: 0 },
      ranges: [['2025-03-01', '2025-04-01']],
      partitions: [defaultPartition],
      defaultKeys: [instant('2020-01-01')],
    });
    expect(inDefault(found)[0]?.message).toBe(
      'public.t_default holds 1 row, from 2020-01-01T00:00:00Z to 2020-01-01T00:00:00Z. Move them to partitions of their own.',
    );
  });
});

describe('the name of a guard', () => {
  it('is the same for the same range and differs for others', () => {
    const range = { from: 1n, to: 2n };
    expect(guardName('1', range)).toBe(guardName('1', { ...range }));
    expect(
      new Set([
        guardName('1', range),
        guardName('2', range),
        guardName('1', { from: 1n, to: 3n }),
        guardName('1', { from: -Infinity, to: 2n }),
      ]).size,
    ).toBe(4);
  });
});
