import { describe, expect, it } from 'vitest';
import type { DetachedTable, Partition } from '../../../src/partition/partition.ts';
import { MAXVALUE, MINVALUE } from '../../../src/partition/position.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import type { PlanContext } from '../../../src/plan/plan-context.ts';
import {
  codecOf,
  contextAt,
  instant,
  keep,
  type ModelSettings,
  modelOf,
  named,
  partition,
  planModel,
  rangePartition,
} from '../../support/model.ts';

const timestamptz = codecOf('timestamp with time zone');
const days = (count: number) => ({ kind: 'calendar', months: 0, days: count, micros: 0n }) as const;
const dropping = keep('3 months', { action: 'drop', grace: days(7) });
const old = { from: instant('2024-01-01'), to: instant('2024-02-01') };

function plan(settings: ModelSettings, changes: Partial<PlanContext> = {}): Plan {
  const policy = { premake: 0, retention: dropping, ...settings.policy };
  return planModel(modelOf({ ranges: [['2025-03-01', '2025-04-01']], ...settings, policy }), contextAt(undefined, changes));
}

function pending(from: string, to: string): Partition {
  return rangePartition(timestamptz, 'q', from, to, { isDetachPending: true });
}

function detached(changes: Partial<DetachedTable> = {}): DetachedTable {
  const detachedAt = instant('2025-03-03T12:00:00Z');
  const dropAfter = instant('2025-03-10T12:00:00Z');
  return { oid: '9', name: named('gone'), range: old, detachedAt, dropAfter, origin: 'partition', state: 'present', ...changes };
}

function brief({ steps }: Plan): readonly string[] {
  return steps.map((step) => `${step.kind} ${step.partition.schema}.${step.partition.name}`);
}

describe('an interrupted detach', () => {
  it('is completed and reported, and moved when it is out of retention', () => {
    const policy = { retention: { ...dropping, schema: 'archive' } };
    const found = plan({ partitions: [pending('2024-01-01', '2024-02-01')], ranges: [['2024-02-01', '2025-04-01']], policy });
    expect(found.steps).toMatchObject([
      {
        kind: 'finalize-detach',
        partition: named('q'),
        partitionOid: 'oid of q',
        range: old,
        from: '2024-01-01 00:00:00+00',
        moveTo: named('q', 'archive'),
        dropAfter: instant('2025-03-17T12:00:00Z'),
      },
    ]);
    expect(found.findings).toEqual([
      {
        kind: 'detach-pending',
        severity: 'warning',
        message:
          'The detach of public.q was interrupted; its rows are invisible and writes to its range fail until it is completed, which partitiond does next.',
        partition: named('q'),
      },
    ]);
  });

  it('is completed but neither moved nor dropped when its range is still retained or held', () => {
    const retention = { ...dropping, grace: days(0), schema: 'archive' };
    expect(plan({ partitions: [pending('2025-02-01', '2025-03-01')], policy: { retention } }).steps).toMatchObject([
      { kind: 'finalize-detach', moveTo: null },
    ]);
    const holds = [{ range: null, reason: 'audit' }];
    expect(plan({ partitions: [pending('2024-01-01', '2024-02-01')], policy: { retention }, table: { holds } }).steps).toMatchObject([
      { moveTo: null },
    ]);
    for (const kept of [null, keep('3 months')]) {
      expect(plan({ partitions: [pending('2024-01-01', '2024-02-01')], policy: { retention: kept } }).steps).toMatchObject([
        { kind: 'finalize-detach', partition: named('q'), dropAfter: null },
      ]);
    }
  });

  it('is followed by the drop without grace, after everything that is made', () => {
    const settings: ModelSettings = {
      partitions: [pending('2024-01-01', '2024-02-01')],
      policy: { premake: 1, retention: { ...dropping, grace: days(0) } },
    };
    expect(brief(plan(settings))).toEqual(['finalize-detach public.q', 'create-partition public.t_20250401', 'drop-table public.q']);
    const moved = plan({ ...settings, policy: { retention: { ...dropping, grace: days(0), schema: 'archive' } } });
    expect(brief(moved)).toEqual(['finalize-detach public.q', 'drop-table archive.q']);
  });

  it('is completed whatever the guards say, but the drop is not', () => {
    const settings: ModelSettings = {
      partitions: [pending('2024-01-01', '2024-02-01')],
      policy: { retention: { ...dropping, grace: days(0) } },
    };
    const found = plan(settings, { clockSkewMs: 1e9, allowRemovals: 0 });
    expect(brief(found)).toEqual(['finalize-detach public.q']);
    expect(found.refused.map(({ kind }) => kind)).toEqual(['drop-table']);
  });

  it('is completed when its bound cannot be read', () => {
    const odd = partition('q', { kind: 'unreadable', reason: 'It is odd.' }, { isDetachPending: true });
    expect(plan({ partitions: [odd] }).steps).toMatchObject([{ kind: 'finalize-detach', range: null, from: null, to: null, moveTo: null }]);
  });

  it('belongs to retention', () => {
    expect(plan({ partitions: [pending('2024-01-01', '2024-02-01')] }, { tasks: ['provision'] }).steps).toEqual([]);
  });
});

describe('a detached table', () => {
  it('is dropped when its grace is over, to the microsecond', () => {
    const found = plan({ table: { detached: [detached()] } });
    expect(found.steps).toMatchObject([
      {
        kind: 'drop-table',
        partition: named('gone'),
        partitionOid: '9',
        range: old,
        reason: 'it was detached at 2025-03-03T12:00:00Z and its grace is over',
      },
    ]);
    expect(plan({ table: { detached: [detached({ detachedAt: instant('2025-03-03T12:00:00.000001Z') })] } }).steps).toEqual([]);
  });

  it('is dropped before younger partitions are detached', () => {
    const found = plan({
      ranges: [
        ['2023-01-01', '2023-02-01'],
        ['2024-03-01', '2024-04-01'],
        ['2024-04-01', '2025-04-01'],
      ],
      table: { detached: [detached()] },
    });
    expect(brief(found)).toEqual(['detach-partition public.p1', 'drop-table public.gone', 'detach-partition public.p2']);
  });

  it('stays when the policy only detaches, keeps it again, or has no retention any more', () => {
    const table = { detached: [detached()] };
    expect(plan({ table, policy: { retention: keep('3 months') } }).steps).toEqual([]);
    expect(plan({ table, policy: { retention: keep('2 years', { action: 'drop', grace: days(7) }) } }).steps).toEqual([]);
    expect(plan({ table, policy: { retention: null } }).steps).toEqual([]);
  });

  it('stays when it was detached to be kept, and for as long as it was promised', () => {
    expect(plan({ table: { detached: [detached({ dropAfter: null })] } })).toMatchObject({ steps: [], findings: [] });
    expect(plan({ table: { detached: [detached({ dropAfter: instant('2025-03-10T12:00:00.000001Z') })] } }).steps).toEqual([]);
  });

  it('is dropped by its date alone when a migration has left it, whatever retention there is, and under the same guards', () => {
    const everything = { from: MINVALUE, to: MAXVALUE };
    const left = detached({ origin: 'migration', range: everything });
    for (const retention of [null, keep('3 months'), keep('9 years', { action: 'drop', grace: days(700) })]) {
      const found = plan({ table: { detached: [left] }, policy: { retention } });
      const reason =
        'it is what the migration that finished at 2025-03-03T12:00:00Z has left, and its time to be kept (migration.keepOld) is over';
      expect(found.steps).toMatchObject([
        { kind: 'drop-table', partition: named('gone'), partitionOid: '9', from: null, to: null, reason },
      ]);
    }
    const policy = { retention: null };
    for (const kept of [{ dropAfter: instant('2025-03-10T12:00:00.000001Z') }, { dropAfter: null }, { state: 'absent' }] as const) {
      expect(plan({ table: { detached: [{ ...left, ...kept }] }, policy })).toMatchObject({ steps: [], refused: [], findings: [] });
    }
    const holds = [{ range: old, reason: 'audit' }];
    expect(plan({ table: { detached: [left], holds }, policy })).toMatchObject({ steps: [], findings: [{ kind: 'on-hold' }] });
    expect(plan({ table: { detached: [left] }, policy }, { clockSkewMs: 3_600_000 })).toMatchObject({
      steps: [],
      refused: [{ kind: 'drop-table' }],
      findings: [{ kind: 'clock-skew' }],
    });
    expect(plan({ table: { detached: [left] }, policy }, { allowRemovals: 0 })).toMatchObject({
      steps: [],
      findings: [{ kind: 'removal-budget' }],
    });
    // A partition that reached from end to end is no such table.
    expect(plan({ table: { detached: [detached({ range: everything })] } }).steps).toEqual([]);
  });

  it('stays under a hold, which is a finding', () => {
    const found = plan({ table: { detached: [detached()], holds: [{ range: old, reason: 'audit' }] } });
    expect(found.steps).toEqual([]);
    expect(found.findings).toMatchObject([{ kind: 'on-hold', partition: named('gone') }]);
  });

  it('is never dropped when it is no longer what was detached, which is a finding', () => {
    const found = plan({ table: { detached: [detached({ state: 'changed' })] } });
    expect(found.steps).toEqual([]);
    expect(found.findings).toEqual([
      {
        kind: 'drifted-partition',
        severity: 'warning',
        message:
          'public.gone was detached at 2025-03-03T12:00:00Z, but is no longer the table it was then (renamed, moved or attached again). partitiond leaves it alone.',
        partition: named('gone'),
      },
    ]);
  });

  it('is forgotten when it is gone', () => {
    expect(plan({ table: { detached: [detached({ state: 'absent' })] } })).toMatchObject({ steps: [], findings: [] });
  });
});
