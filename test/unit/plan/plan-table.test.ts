import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/errors.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { Evidence, PartitionedTable } from '../../../src/partition/partition.ts';
import type { Questions } from '../../../src/plan/plan.ts';
import { planObstacle, planTable } from '../../../src/plan/plan-table.ts';
import { questions } from '../../../src/plan/questions.ts';
import { isDestructive } from '../../../src/plan/step.ts';
import {
  codecOf,
  contextAt,
  instant,
  keep,
  type Model,
  type ModelSettings,
  modelOf,
  named,
  partition,
  planModel,
  rangePartition,
} from '../../support/model.ts';

const noEvidence: Evidence = { occupiedInDefault: [], referenced: new Map(), takenNames: new Set(), template: null };

function ask(model: Model): Questions {
  return questions(model.policy, model.table, contextAt());
}

describe('names', () => {
  it('give way to a stranger with a finding', () => {
    const plan = planModel(modelOf({ policy: { premake: 0 }, strangers: [named('t_20250301'), named('t_20250301_2')] }), contextAt());
    expect(plan.steps.map(({ partition: { name } }) => name)).toEqual(['t_20250301_3']);
    expect(plan.findings).toEqual([
      {
        kind: 'name-taken',
        severity: 'warning',
        message:
          'The name public.t_20250301 is taken by something that is no partition of this table, so public.t_20250301_3 is used instead.',
        partition: named('t_20250301_3'),
      },
    ]);
  });

  it('give way to a sibling and to each other without a word', () => {
    const settings: ModelSettings = {
      policy: { premake: 2, name: '{table}_{yyyy}' },
      partitions: [rangePartition(codecOf('date'), 't_2025', '2000-01-01', '2000-01-02')],
    };
    const plan = planModel(modelOf({ ...settings, type: 'date', policy: { ...settings.policy, retention: keep('1 day') } }), contextAt());
    expect(plan.steps.map(({ partition: { name } }) => name)).toEqual(['t_2025_2', 't_2025_3', 't_2025_4']);
    expect(plan.findings.map(({ kind }) => kind)).toEqual(['last-partition']);
  });

  it('may be those of siblings in another schema', () => {
    const sibling = rangePartition(codecOf('date'), 'x', '2025-02-01', '2025-03-01', { name: named('t_20250301', 'other') });
    const plan = planModel(modelOf({ type: 'date', policy: { premake: 0 }, partitions: [sibling] }), contextAt());
    expect(plan.steps.map(({ partition: { name } }) => name)).toEqual(['t_20250301']);
  });

  it('are asked with eight alternatives, all within 63 bytes', () => {
    const asked = ask(modelOf({ policy: { premake: 0 }, table: { name: named('x'.repeat(63)) } })).names;
    expect(asked).toHaveLength(9);
    expect(asked[0]).toEqual(named(`${'x'.repeat(54)}_20250301`));
    expect(asked[8]).toEqual(named(`${'x'.repeat(52)}_20250301_9`));
  });
});

describe('questions', () => {
  it('are about wanted names only when very many partitions are to be made', () => {
    expect(ask(modelOf({ policy: { premake: 99 } })).names).toHaveLength(900);
    expect(ask(modelOf({ policy: { premake: 100 } })).names).toHaveLength(101);
  });

  it('are none when there is nothing to do', () => {
    const model = modelOf({
      policy: { premake: 0, retention: keep('3 months', { schema: 'archive' }) },
      ranges: [['2025-03-01', '2025-04-01']],
    });
    expect(ask(model)).toEqual({ defaultRanges: [], referencedOids: [], names: [], needsTemplate: false });
  });

  it('are none when the policy does not fit the key', () => {
    expect(ask(modelOf({ type: 'bigint' }))).toEqual({ defaultRanges: [], referencedOids: [], names: [], needsTemplate: false });
  });

  it('are about expired partitions only when foreign keys point here', () => {
    const settings: ModelSettings = {
      policy: { premake: 0, retention: keep('3 months') },
      ranges: [
        ['2024-01-01', '2024-02-01'],
        ['2024-02-01', '2025-04-01'],
      ],
    };
    expect(ask(modelOf(settings)).referencedOids).toEqual([]);
    expect(ask(modelOf({ ...settings, table: { referencedBy: [named('r')] } })).referencedOids).toEqual(['oid of p1']);
  });

  it('are about names in the schema of retention for all that leaves', () => {
    const pending = rangePartition(codecOf('date'), 'q', '2023-01-01', '2023-02-01', { isDetachPending: true });
    const there = rangePartition(codecOf('date'), 'a', '2022-01-01', '2022-02-01', { name: named('a', 'archive') });
    const asked = ask(
      modelOf({
        type: 'date',
        policy: { premake: 0, retention: keep('3 months', { schema: 'archive' }) },
        ranges: [
          ['2024-01-01', '2024-02-01'],
          ['2024-02-01', '2025-04-01'],
        ],
        partitions: [pending, there],
      }),
    );
    expect(asked.names.filter(({ name }) => !name.includes('_'))).toEqual([named('q', 'archive'), named('p1', 'archive')]);
    expect(asked.needsTemplate).toBe(false);
  });
});

describe('a plan', () => {
  const everything: ModelSettings = {
    policy: { premake: 1, retention: keep('3 months') },
    ranges: [
      ['2024-01-01', '2024-02-01'],
      ['2024-03-01', '2024-04-01'],
      ['2024-04-01', '2025-03-01'],
    ],
    partitions: [
      rangePartition(codecOf('timestamp with time zone'), 'q', '2024-02-01', '2024-03-01', { isDetachPending: true }),
      partition('t_default', { kind: 'default' }),
    ],
    table: { leftoverGuards: ['partitiond_guard_1'], references: [named('r')], referencedBy: [named('s')] },
  };

  it('puts guards and interrupted detaches first, then what is made, then removals', () => {
    const plan = planModel(modelOf(everything), contextAt());
    expect(plan.steps.map((step) => `${step.kind} ${step.partition.name}`)).toEqual([
      'drop-guard t_default',
      'finalize-detach q',
      'create-partition t_20250301',
      'create-partition t_20250401',
      'detach-partition p1',
      'detach-partition p2',
    ]);
    expect(plan.steps.slice(2)).toMatchObject(
      Array.from({ length: 4 }, () => ({ references: [named('r')], referencedBy: [named('s')], tableOid: '100' })),
    );
  });

  it('holds the steps of the asked tasks only, and always all findings', () => {
    const plan = (tasks: readonly ('provision' | 'retention' | 'index')[]) =>
      planModel(modelOf(everything), contextAt(undefined, { tasks }));
    expect(plan(['provision']).steps.map(({ task }) => task)).toEqual(['provision', 'provision', 'provision']);
    expect(plan(['retention']).steps.map(({ task }) => task)).toEqual(['retention', 'retention', 'retention']);
    expect(plan(['index']).steps).toEqual([]);
    expect(plan(['index']).findings.map(({ kind }) => kind)).toEqual(plan(['provision', 'retention']).findings.map(({ kind }) => kind));
  });

  it('takes only detaches and drops for destructive', () => {
    const retention = keep('3 months', { action: 'drop', grace: keep('0').keep });
    const { steps } = planModel(modelOf({ ...everything, policy: { premake: 0, retention } }), contextAt());
    expect(new Set(steps.filter(isDestructive).map(({ kind }) => kind))).toEqual(new Set(['detach-partition', 'drop-table']));
    expect(new Set(steps.filter((step) => !isDestructive(step)).map(({ kind }) => kind))).toEqual(
      new Set(['drop-guard', 'finalize-detach', 'create-partition']),
    );
  });

  it('does not depend on the order of the partitions', () => {
    const model = modelOf(everything);
    const turned: PartitionedTable = { ...model.table, partitions: model.table.partitions.toReversed() };
    expect(planModel({ ...model, table: turned }, contextAt())).toEqual(planModel(model, contextAt()));
  });

  it('carries template, storage and key of the table', () => {
    const plan = planModel(modelOf({ policy: { premake: 0, storage: { fillfactor: '90' } } }), contextAt());
    expect(plan.steps).toMatchObject([
      {
        keyColumn: 'at',
        keyType: 'timestamp with time zone',
        keyCollation: null,
        template: { owner: 'owner' },
        storage: { fillfactor: '90' },
        guard: null,
        range: { from: instant('2025-03-01'), to: instant('2025-04-01') },
      },
    ]);
  });

  it('reports missing privileges with their fix and plans nevertheless', () => {
    const missingPrivileges = [{ missing: 'attach partitions: role app does not own public.t', fix: 'GRANT owner TO app;' }];
    const plan = planModel(modelOf({ policy: { premake: 0 }, table: { missingPrivileges } }), contextAt());
    expect(plan.steps).toHaveLength(1);
    expect(plan.findings).toEqual([
      {
        kind: 'missing-privilege',
        severity: 'error',
        message: 'attach partitions: role app does not own public.t. To allow it, run: GRANT owner TO app;',
        partition: null,
      },
    ]);
  });

  it('is a bug without a template for what must be made', () => {
    const { policy, table } = modelOf({});
    expect(() => planTable(policy, table, noEvidence, contextAt())).toThrow(InvariantError);
  });

  it('of an obstacle is its finding alone', () => {
    expect(planObstacle(named('x'), { kind: 'not-partitioned', message: 'public.x is an ordinary table.' })).toEqual({
      table: named('x'),
      steps: [],
      findings: [{ kind: 'not-partitioned', severity: 'error', message: 'public.x is an ordinary table.', partition: null }],
      refused: [],
    });
  });

  it('of a table with 100,000 partitions and nothing to do asks nothing and makes nothing', () => {
    const ranges = Array.from({ length: 100_000 }, (_, i) => [String(i), String(i + 1)] as const);
    const table = { newest: { position: 99_998n, beyondHorizon: null } };
    const model = modelOf({
      type: 'bigint',
      policy: { interval: parseInterval('1'), premake: 1, retention: keep('100000') },
      ranges,
      table,
    });
    expect(ask(model)).toEqual({ defaultRanges: [], referencedOids: [], names: [], needsTemplate: false });
    expect(planModel(model, contextAt())).toMatchObject({ steps: [], findings: [], refused: [] });
  });
});
