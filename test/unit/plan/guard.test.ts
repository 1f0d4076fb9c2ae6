import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/plan/plan.ts';
import type { PlanContext } from '../../../src/plan/plan-context.ts';
import { contextAt, instant, keep, type ModelSettings, modelOf, named, planModel } from '../../support/model.ts';

/** Twelve expired months, p1 to p12, and the present one. */
const ranges = [
  ...Array.from(
    { length: 11 },
    (_, i) => [`2023-${String(i + 1).padStart(2, '0')}-01`, `2023-${String(i + 2).padStart(2, '0')}-01`] as const,
  ),
  ['2023-12-01', '2024-01-01'] as const,
  ['2024-01-01', '2025-04-01'] as const,
];

function plan(settings: ModelSettings = {}, changes: Partial<PlanContext> = {}): Plan {
  return planModel(
    modelOf({ ranges, ...settings, policy: { premake: 0, retention: keep('12 months'), ...settings.policy } }),
    contextAt(undefined, changes),
  );
}

describe('the removal budget', () => {
  it('refuses everything when more than maxRemovals would go, and names the command that allows it', () => {
    const found = plan();
    expect(found.steps).toEqual([]);
    expect(found.refused).toHaveLength(12);
    expect(found.findings).toEqual([
      {
        kind: 'removal-budget',
        severity: 'error',
        message:
          '12 partitions of public.t would be detached or dropped in one run, and safety.maxRemovals allows 10; none was. To remove them, raise safety.maxRemovals to 12 and reload; or stop or drain the daemons, then run: partitiond apply --only retention --table public.t --allow-removals 12',
        partition: null,
      },
    ]);
  });

  it('names a number that still holds when newer partitions have made the last one of now removable', () => {
    const found = plan({ ranges: [...ranges.slice(0, 12), ['2024-01-01', '2024-02-01']] });
    expect(found.refused).toHaveLength(12);
    expect(found.findings.map(({ kind }) => kind)).toContain('last-partition');
    expect(found.findings.find(({ kind }) => kind === 'removal-budget')?.message).toContain('--allow-removals 13');
  });

  it('lets exactly the budget pass', () => {
    const found = plan({ ranges: ranges.slice(2) });
    expect(found.steps).toHaveLength(10);
    expect(found.refused).toEqual([]);
    expect(found.findings).toEqual([]);
  });

  it('is raised and lowered by --allow-removals', () => {
    expect(plan({}, { allowRemovals: 12 }).steps).toHaveLength(12);
    expect(plan({}, { allowRemovals: 11 }).findings[0]?.message).toContain('--allow-removals allows 11');
    expect(plan({}, { allowRemovals: 0 }).refused).toHaveLength(12);
  });

  it('counts a partition that is detached and dropped at once only once', () => {
    const retention = keep('12 months', { action: 'drop', grace: { kind: 'integer', distance: 0n } });
    expect(plan({ policy: { retention }, ranges: ranges.slice(2) }).steps).toHaveLength(20);
    expect(plan({ policy: { retention } }).refused).toHaveLength(24);
  });

  it('counts drops of detached tables together with detaches', () => {
    const retention = keep('12 months', { action: 'drop', grace: { kind: 'calendar', months: 0, days: 1, micros: 0n } });
    const range = { from: instant('2022-12-01'), to: instant('2023-01-01') };
    const detached = [
      {
        oid: '9',
        name: named('old'),
        range,
        detachedAt: instant('2025-03-01'),
        dropAfter: instant('2025-03-01'),
        origin: 'partition' as const,
        state: 'present' as const,
      },
    ];
    expect(
      plan({ policy: { retention }, ranges: ranges.slice(2), table: { detached } }).refused.map(({ partition }) => partition.name)[0],
    ).toBe('old');
  });

  it('never stops what is made ahead', () => {
    expect(plan({ policy: { premake: 1 } }).steps.map(({ kind }) => kind)).toEqual(['create-partition']);
  });

  it('quotes odd names for the shell', () => {
    const name = named("it's a table");
    expect(plan({ table: { name } }).findings[0]?.message).toContain(`--table 'public."it'\\''s a table"' --allow-removals 12`);
  });

  it('is a mere warning in a run that does no retention', () => {
    const found = plan({}, { tasks: ['provision'] });
    expect(found).toMatchObject({ steps: [], refused: [], findings: [{ kind: 'removal-budget', severity: 'warning' }] });
  });
});

describe('the clock guard', () => {
  const few: ModelSettings = { ranges: ranges.slice(11) };

  it('refuses removals while the clocks are apart, in either direction', () => {
    for (const clockSkewMs of [300_001, -300_001]) {
      const found = plan(few, { clockSkewMs });
      expect(found.steps).toEqual([]);
      expect(found.refused).toHaveLength(1);
      expect(found.findings).toEqual([
        {
          kind: 'clock-skew',
          severity: 'error',
          message:
            "The database's clock and the local one are 300 s apart, more than safety.maxClockSkew (300 s); 1 removal due for public.t was refused. Set the clocks right.",
          partition: null,
        },
      ]);
    }
  });

  it('lets exactly the allowed skew pass', () => {
    expect(plan(few, { clockSkewMs: -300_000 })).toMatchObject({ refused: [], findings: [] });
  });

  it('is a warning when nothing is due, and nothing without retention', () => {
    expect(plan({ ranges: ranges.slice(12) }, { clockSkewMs: 400_000 }).findings).toMatchObject([
      { kind: 'clock-skew', severity: 'warning' },
    ]);
    expect(plan({ ranges: ranges.slice(12), policy: { retention: null } }, { clockSkewMs: 400_000 }).findings).toEqual([]);
  });

  it('speaks together with the budget', () => {
    const found = plan({}, { clockSkewMs: 400_000 });
    expect(found.findings.map(({ kind, severity }) => [kind, severity])).toEqual([
      ['clock-skew', 'error'],
      ['removal-budget', 'error'],
    ]);
    expect(found.findings[0]?.message).toContain('12 removals due for public.t were refused');
  });

  it('never stops what is made ahead', () => {
    expect(plan({ ...few, policy: { premake: 2 } }, { clockSkewMs: 400_000 }).steps).toHaveLength(2);
  });
});
