import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/plan/finding.ts';
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
const inMarch = ['2025-03-01', '2025-04-01'] as const;

/** October 2024 to March 2025 as p1 to p6. */
const halfYear = [
  ['2024-10-01', '2024-11-01'],
  ['2024-11-01', '2024-12-01'],
  ['2024-12-01', '2025-01-01'],
  ['2025-01-01', '2025-02-01'],
  ['2025-02-01', '2025-03-01'],
  inMarch,
] as const;

function plan(settings: ModelSettings, changes: Partial<PlanContext> = {}, now?: string): Plan {
  return planModel(
    modelOf({ ranges: halfYear, ...settings, policy: { premake: 0, retention: keep('3 months'), ...settings.policy } }),
    contextAt(now, changes),
  );
}

function removed({ steps }: Pick<Plan, 'steps'>): readonly string[] {
  return steps.map((step) => `${step.kind} ${step.partition.name}`);
}

function only(found: Plan, kind: Finding['kind']): readonly Finding[] {
  return found.findings.filter((finding) => finding.kind === kind);
}

describe('what has expired', () => {
  it('is what ends at or before the cut-off, oldest first', () => {
    expect(removed(plan({}))).toEqual(['detach-partition p1', 'detach-partition p2']);
  });

  it('includes a partition that ends exactly at the cut-off, and not one microsecond earlier', () => {
    expect(removed(plan({}, {}, '2025-04-01T00:00:00Z'))).toContain('detach-partition p3');
    expect(removed(plan({}, {}, '2025-03-31T23:59:59.999999Z'))).not.toContain('detach-partition p3');
  });

  it('keeps the day that the cut-off falls into for a date key', () => {
    const settings: ModelSettings = {
      type: 'date',
      ranges: [
        ['2024-12-01', '2024-12-11'],
        ['2024-12-11', '2025-04-01'],
      ],
    };
    expect(removed(plan(settings, {}, '2025-03-10T23:00:00Z'))).toEqual([]);
    expect(removed(plan(settings, {}, '2025-03-11T00:00:00Z'))).toEqual(['detach-partition p1']);
  });

  it('is nothing without retention', () => {
    expect(plan({ policy: { retention: null } }).steps).toEqual([]);
  });

  it('includes what begins at MINVALUE and never what ends at MAXVALUE', () => {
    expect(
      removed(
        plan({
          ranges: [
            ['MINVALUE', '2024-11-01'],
            ['2024-11-01', 'MAXVALUE'],
          ],
        }),
      ),
    ).toEqual(['detach-partition p1']);
  });

  it('includes sub-partitioned partitions', () => {
    const partitions = [
      rangePartition(timestamptz, 's', '2024-01-01', '2024-02-01', { kind: 'partitioned' }),
      rangePartition(timestamptz, 'n', ...inMarch),
    ];
    expect(removed(plan({ ranges: [], partitions }))).toEqual(['detach-partition s']);
  });

  it('is measured from the newest key for integers', () => {
    const settings: ModelSettings = {
      type: 'bigint',
      policy: { interval: { kind: 'integer', step: 1000n }, retention: keep('2000') },
      ranges: [
        ['0', '1000'],
        ['1000', '2000'],
        ['2000', '3000'],
        ['3000', '4000'],
      ],
    };
    expect(removed(plan({ ...settings, table: { newest: { position: 3999n, beyondHorizon: null } } }))).toEqual(['detach-partition p1']);
    expect(removed(plan({ ...settings, table: { newest: { position: 3000n, beyondHorizon: null } } }))).toEqual(['detach-partition p1']);
    expect(removed(plan({ ...settings, table: { newest: { position: 2999n, beyondHorizon: null } } }))).toEqual([]);
    expect(removed(plan(settings))).toEqual([]);
  });

  it('is measured from the greatest believable key, whatever id somebody mistyped', () => {
    const settings: ModelSettings = {
      type: 'bigint',
      policy: { interval: { kind: 'integer', step: 1000n }, retention: keep('2000') },
      ranges: [
        ['0', '1000'],
        ['1000', '2000'],
        ['2000', '3000'],
        ['3000', 'MAXVALUE'],
      ],
    };
    const newest = { position: 9_000_000_000_000_000_000n, beyondHorizon: null };
    const found = plan({ ...settings, table: { newest: { ...newest, believable: 3500n } } });
    expect(removed(found)).toEqual(['detach-partition p1']);
    expect(only(found, 'far-future-rows')).toMatchObject([
      {
        severity: 'warning',
        message:
          'public.t holds a row at 9000000000000000000, more than 2 intervals beyond the rows below it. Retention counts from 3500 instead. Check the row.',
      },
    ]);
    const unknown = plan({ ...settings, table: { newest: { ...newest, believable: null } } });
    expect(unknown).toMatchObject({ steps: [], refused: [], findings: [] });
  });

  it('counts the distance of a numeric key with its digits', () => {
    const settings: ModelSettings = {
      type: 'numeric',
      scale: 2,
      policy: { interval: { kind: 'integer', step: 100n }, retention: keep('100') },
      ranges: [
        ['0', '100'],
        ['100', '200'],
        ['200', '300'],
      ],
      table: { newest: { position: 200_00n, beyondHorizon: null } },
    };
    expect(removed(plan(settings))).toEqual(['detach-partition p1']);
  });

  it('does not make again what retention would remove at once', () => {
    const settings: ModelSettings = { ranges: [['2020-01-01', '2020-02-01']] };
    expect(removed(plan(settings))).toEqual([
      'create-partition t_20241201',
      'create-partition t_20250101',
      'create-partition t_20250201',
      'create-partition t_20250301',
    ]);
    expect(only(plan({ ranges: [['2020-01-01', '2020-02-01'], ...halfYear] }), 'gap')).toEqual([]);
  });

  it('says why in numbers', () => {
    expect(plan({}).steps[0]?.reason).toBe(
      'it ends at 2024-11-01T00:00:00Z, and what lies before 2024-12-10T12:00:00Z has left retention (keep: 3 months)',
    );
  });
});

describe('what stays although it has expired', () => {
  it('is the last partition, also when newer ones are about to be made', () => {
    const found = plan({
      ranges: [
        ['2024-01-01', '2024-02-01'],
        ['2024-02-01', '2024-03-01'],
      ],
    });
    expect(removed(found).filter((step) => step.startsWith('detach'))).toEqual(['detach-partition p1']);
    expect(only(found, 'last-partition')).toEqual([
      {
        kind: 'last-partition',
        severity: 'warning',
        message: "public.p2 has left retention but is the table's last partition. It stays until a newer one exists.",
        partition: named('p2'),
      },
    ]);
  });

  it('is the last partition that is not already leaving', () => {
    const partitions = [
      rangePartition(timestamptz, 'a', '2024-01-01', '2024-02-01'),
      rangePartition(timestamptz, 'b', '2024-02-01', '2024-03-01', { isDetachPending: true }),
    ];
    const found = plan({ ranges: [], partitions });
    expect(removed(found).filter((step) => !step.startsWith('create'))).toEqual(['finalize-detach b']);
    expect(only(found, 'last-partition')).toHaveLength(1);
  });

  it('is what a hold covers in part or with the whole table', () => {
    const range = { from: instant('2024-11-30'), to: instant('2024-11-30T01:00:00Z') };
    const one = plan({ table: { holds: [{ range, reason: 'audit 7' }] } });
    expect(removed(one)).toEqual(['detach-partition p1']);
    expect(only(one, 'on-hold')).toEqual([
      {
        kind: 'on-hold',
        severity: 'warning',
        message: 'Retention would remove public.p2, but a hold keeps it: audit 7. Release the hold when it is no longer needed.',
        partition: named('p2'),
      },
    ]);
    const all = plan({ table: { holds: [{ range: null, reason: 'audit 8' }] } });
    expect(all.steps).toEqual([]);
    expect(only(all, 'on-hold').map(({ message }) => message)).toEqual([
      'Retention would remove public.p1, public.p2, but a hold keeps them: audit 8. Release the hold when it is no longer needed.',
    ]);
  });

  it('is named up to three times, and then counted', () => {
    const holds = [{ range: null, reason: 'audit' }];
    expect(only(plan({ table: { holds } }, {}, '2025-06-15T00:00:00Z'), 'on-hold')[0]?.message).toContain(
      'public.p1, public.p2, public.p3 and 2 more, but',
    );
  });

  it('is a foreign table', () => {
    const partitions = [rangePartition(timestamptz, 'f', '2024-01-01', '2024-02-01', { kind: 'foreign' })];
    const found = plan({ partitions });
    expect(removed(found)).toEqual(['detach-partition p1', 'detach-partition p2']);
    expect(only(found, 'foreign-partition')).toEqual([
      {
        kind: 'foreign-partition',
        severity: 'warning',
        message:
          'Retention would remove public.f, but foreign tables are never removed. Detach it by hand when the rows are no longer needed here.',
        partition: named('f'),
      },
    ]);
  });

  it('is what foreign keys still reference', () => {
    const found = plan({
      table: { referencedBy: [named('invoice')] },
      referenced: new Map([['oid of p1', named('invoice')]]),
    });
    expect(removed(found)).toEqual(['detach-partition p2']);
    expect(only(found, 'referenced')).toEqual([
      {
        kind: 'referenced',
        severity: 'warning',
        message:
          'Retention would remove public.p1, but rows of public.invoice still reference it. Delete those rows first, or let retention of public.invoice end no later.',
        partition: named('p1'),
      },
    ]);
  });

  it('is the default partition', () => {
    const found = plan({ partitions: [partition('t_default', { kind: 'default' })] });
    expect(removed(found)).toEqual(['detach-partition p1', 'detach-partition p2']);
  });
});

describe('how partitions leave', () => {
  it('is concurrently when nothing speaks against it', () => {
    expect(plan({}).steps[0]).toMatchObject({
      concurrently: true,
      defaultPartition: null,
      moveTo: null,
      dropAfter: null,
      from: '2024-10-01 00:00:00+00',
    });
  });

  it('is plainly with a default partition, also one that this plan makes', () => {
    const existing = plan({ partitions: [partition('d', { kind: 'default' })] });
    expect(existing.steps[0]).toMatchObject({ concurrently: false, defaultPartition: named('d') });
    const made = plan({ policy: { defaultPartition: 'managed' } });
    expect(made.steps[1]).toMatchObject({ kind: 'detach-partition', concurrently: false, defaultPartition: named('t_default') });
    const notMade = plan({ policy: { defaultPartition: 'managed' } }, { tasks: ['retention'] });
    expect(notMade.steps[0]).toMatchObject({ kind: 'detach-partition', concurrently: true });
  });

  it('is concurrent also after a pending detach, which the plan completes first', () => {
    const partitions = [rangePartition(timestamptz, 'q', '2024-01-01', '2024-02-01', { isDetachPending: true })];
    expect(plan({ partitions }).steps).toMatchObject([
      { kind: 'finalize-detach', partition: named('q') },
      { kind: 'detach-partition', partition: named('p1'), concurrently: true },
      { kind: 'detach-partition', partition: named('p2'), concurrently: true },
    ]);
  });

  it('is into the schema of retention under a free name', () => {
    const found = plan({ policy: { retention: keep('3 months', { schema: 'archive' }) }, strangers: [named('p2', 'archive')] });
    expect(found.steps.map((step) => 'moveTo' in step && step.moveTo)).toEqual([named('p1', 'archive'), named('p2_2', 'archive')]);
    expect(only(found, 'name-taken')).toEqual([]);
  });

  it('moves nothing that is in the schema already', () => {
    const partitions = [rangePartition(timestamptz, 'a', '2024-01-01', '2024-02-01', { name: named('a', 'archive') })];
    const found = plan({ partitions, policy: { retention: keep('9 months', { schema: 'archive' }) } });
    expect(found.steps).toMatchObject([{ kind: 'detach-partition', moveTo: null }]);
  });

  it('keeps the moment of the drop for the journal', () => {
    const found = plan({
      policy: { retention: keep('3 months', { action: 'drop', grace: { kind: 'calendar', months: 0, days: 7, micros: 0n } }) },
    });
    expect(removed(found)).toEqual(['detach-partition p1', 'detach-partition p2']);
    expect(found.steps[0]).toMatchObject({ dropAfter: instant('2025-03-17T12:00:00Z') });
  });

  it('is detached and dropped at once without grace, under its new name', () => {
    const retention = keep('3 months', { action: 'drop', grace: { kind: 'integer', distance: 0n }, schema: 'archive' });
    const found = plan({ policy: { retention } });
    expect(removed(found)).toEqual(['detach-partition p1', 'drop-table p1', 'detach-partition p2', 'drop-table p2']);
    expect(found.steps[1]?.partition).toEqual(named('p1', 'archive'));
    expect(removed(plan({ policy: { retention: { ...retention, schema: null } } }))).toContain('drop-table p1');
  });

  it('is never a drop when the grace makes no sense', () => {
    const retention = keep('3 months', { action: 'drop', grace: { kind: 'integer', distance: 7n } });
    expect(plan({ policy: { retention } }).steps[0]).toMatchObject({ kind: 'detach-partition', dropAfter: null });
    expect(plan({ policy: { retention: { ...retention, grace: null } } }).steps[0]).toMatchObject({ dropAfter: null });
  });
});

describe('a policy that does not fit the key', () => {
  it('is one finding and no steps', () => {
    const found = plan({ type: 'bigint', ranges: [] });
    expect(found).toMatchObject({ steps: [], refused: [], findings: [{ kind: 'unsupported-key', severity: 'error' }] });
    expect(found.findings[0]?.message).toMatch(/^public\.t: the interval 1 month is calendar time, .*\.$/);
  });

  it('names a distance on a time key and a time span on an integer key', () => {
    expect(plan({ policy: { retention: keep('1000') } }).findings[0]?.message).toBe(
      'public.t: retention.keep 1000 is a bare number, but the key holds time; write it with a unit, such as 12 months.',
    );
    const integers: ModelSettings = { type: 'bigint', ranges: [], policy: { interval: { kind: 'integer', step: 10n } } };
    expect(plan(integers).findings[0]?.message).toBe(
      'public.t: retention.keep 3 months is calendar time, but the key is a number that holds no time; write the distance between keys as a whole number.',
    );
  });
});
