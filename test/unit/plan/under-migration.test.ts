import { describe, expect, it } from 'vitest';
import type { Regrain } from '../../../src/partition/migration/spec.ts';
import type { MigrationRecord } from '../../../src/partition/migration/status.ts';
import { warning } from '../../../src/plan/finding.ts';
import { defaultMigration } from '../../../src/plan/migration/regrain/default-policy.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import type { Step } from '../../../src/plan/step.ts';
import { holdsUnderMigration, planUnderMigration, policyUnderMigration, type Underway } from '../../../src/plan/under-migration.ts';
import { eligible, migrationTables } from '../../../src/service/migrations/eligible.ts';
import { contextAt, instant, keep, modelOf, named, planModel, policyOf } from '../../support/model.ts';

const regrain: Regrain = {
  sources: [{ oid: '7', name: named('p2'), from: '2024-02-01', to: '2024-03-01' }],
  targets: [
    { name: named('n1'), from: '2024-02-01', to: '2024-02-15' },
    { name: named('n2'), from: '2024-02-15', to: '2024-03-01' },
  ],
  partitionBy: 'RANGE (at)',
  condition: 'true',
};
const underway: Underway = { table: named('t'), phase: 'ready', paused: null, regrain };

describe('a table whose partitions change places', () => {
  it('keeps the range of its partitions, removes others as ever, and says why and what to do', () => {
    const model = modelOf({
      policy: { premake: 0, retention: keep('6 months') },
      ranges: ['01', '02', '03', '04'].map((month, index) => [`2024-${month}-01`, `2024-0${index + 2}-01`]),
      table: {
        holds: holdsUnderMigration([
          underway,
          { ...underway, table: named('other') },
          { table: named('t'), phase: 'ready', paused: null },
        ]).flatMap(({ table, reason, until }) =>
          table.name === 't'
            ? [
                {
                  range: { from: instant('2024-02-01T00:00:00Z'), to: instant('2024-03-01T00:00:00Z') },
                  reason,
                  ...(until === undefined ? {} : { until }),
                },
              ]
            : [],
        ),
      },
    });
    expect(policyUnderMigration(model.policy, underway)).toBe(model.policy);
    expect(policyUnderMigration(model.policy, { table: named('t'), phase: 'ready', paused: null }).retention).toBeNull();
    const plan = planUnderMigration(planModel(model, contextAt('2025-03-10T12:00:00Z', { tasks: ['retention'] })), model.policy, underway);
    expect(plan.steps.map(({ partition }) => partition.name)).toEqual(['p1', 'p3']);
    expect(plan.findings).toContainEqual(
      warning(
        'on-hold',
        'Retention would remove public.p2, but a hold keeps it: its rows are moving to other partitions (phase ready). ' +
          '`partitiond migrate status --table public.t` says what is next. Finish or abort that first.',
        named('p2'),
      ),
    );
  });

  it('has no upkeep of the partitions at hand and no indexes made or dropped, while others are maintained, and shows no drift of them', () => {
    // Only the fields that decide are there.
    const step = (kind: string, task: string, name: string): Step => JSON.parse(JSON.stringify({ kind, task, partition: named(name) }));
    const steps = [
      step('vacuum', 'maintenance', 'p1'),
      step('vacuum', 'maintenance', 'p2'),
      step('analyze', 'maintenance', 'n2'),
      step('create-partition', 'provision', 'p5'),
      step('create-index', 'index', 'p1'),
    ];
    const findings = [warning('drifted-partition', 'one', named('p2')), warning('drifted-partition', 'two', named('p1'))];
    const plan: Plan = { table: named('t'), steps, findings, refused: [] };
    const beside = planUnderMigration(plan, policyOf(), underway);
    expect(beside.steps.map(({ kind, partition }) => `${kind} ${partition.name}`)).toEqual(['vacuum p1', 'create-partition p5']);
    expect(beside.findings.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
      'on-hold: Indexes of public.t are to be made or dropped after its partitions have changed places (phase ready).',
      'drifted-partition: two',
    ]);
    const drained = { ...underway, regrain: { ...regrain, others: [] } };
    expect(planUnderMigration(plan, policyOf(), drained).steps.map(({ kind }) => kind)).toEqual(['vacuum']);
    const paused = { ...underway, paused: { kind: 'mismatch', reason: '3 rows differ' } as const };
    expect(planUnderMigration({ ...plan, steps: [], findings: [] }, policyOf(), paused).findings.map(({ kind }) => kind)).toEqual([
      'migration-mismatch',
    ]);
  });

  it('goes on in a daemon without a block migration, which a whole table needs and `runner: cli` forbids', () => {
    const database = (...tables: readonly ReturnType<typeof policyOf>[]): Parameters<typeof migrationTables>[0] => ({
      name: 'app',
      connection: { kind: 'url', url: 'postgres:///app' },
      journalSchema: 'partitiond',
      probeRole: null,
      tables,
    });
    const ofTable: MigrationRecord = {
      id: '1',
      table: named('t'),
      sourceOid: '5',
      targetOid: null,
      strategy: 'copy',
      capture: 'log',
      planHash: '',
      phase: 'backfill',
      live: 'source',
      paused: null,
      verdict: null,
      lastSwitch: null,
      startedAt: 0n,
      phaseAt: 0n,
      progressAt: 0n,
      readyAt: null,
      switchedAt: null,
      finishedAt: null,
    };
    const ofPartitions = { ...ofTable, regrain };
    const ids = (policy: ReturnType<typeof policyOf>, record: typeof ofTable): readonly string[] =>
      eligible(migrationTables(database(policy), null), [record]).map(({ id }) => id);
    const block = (runner: 'any' | 'cli'): ReturnType<typeof policyOf> => policyOf({ migration: { ...defaultMigration('at'), runner } });
    expect(ids(policyOf(), ofPartitions)).toEqual(['1']);
    expect(ids(policyOf(), ofTable)).toEqual([]);
    expect(ids(block('any'), ofTable)).toEqual(['1']);
    expect(ids(block('cli'), ofPartitions)).toEqual([]);
    expect(ids(policyOf(), { ...ofPartitions, phase: 'finished' })).toEqual([]);
    const paused = (kind: 'duplicates' | 'mismatch'): typeof ofTable => ({ ...ofPartitions, paused: { kind, reason: '' } });
    expect(ids(policyOf(), paused('mismatch'))).toEqual([]);
    expect(ids(policyOf(), paused('duplicates'))).toEqual(['1']);
  });
});
