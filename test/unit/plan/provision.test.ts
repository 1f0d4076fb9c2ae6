import { describe, expect, it } from 'vitest';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { CreatePartition } from '../../../src/plan/step.ts';
import {
  codecOf,
  contextAt,
  instant,
  type Model,
  type ModelSettings,
  modelOf,
  named,
  planModel,
  rangePartition,
} from '../../support/model.ts';

const timestamptz = codecOf('timestamp with time zone');

/** The new partitions as `from/to`, dates shortened to what differs from a midnight in UTC. */
function created(settings: ModelSettings, now?: string): readonly string[] {
  return steps(modelOf(settings), now).map(({ from, to }) => `${brief(from)}/${brief(to)}`);
}

function steps(model: Model, now?: string): readonly CreatePartition[] {
  return planModel(model, contextAt(now)).steps.filter((step) => step.kind === 'create-partition');
}

function gaps(settings: ModelSettings, now?: string): readonly string[] {
  return planModel(modelOf(settings), contextAt(now))
    .findings.filter(({ kind }) => kind === 'gap')
    .map(({ message }) => message);
}

function brief(text: string | null): string {
  return text === null ? '*' : text.replace(' 00:00:00+00', '').replace('+00', '');
}

describe('what is made ahead', () => {
  it('makes the partition of now and premake further ones for an empty table', () => {
    expect(created({})).toEqual([
      '2025-03-01/2025-04-01',
      '2025-04-01/2025-05-01',
      '2025-05-01/2025-06-01',
      '2025-06-01/2025-07-01',
      '2025-07-01/2025-08-01',
    ]);
  });

  it('makes only the partition of now with a premake of zero', () => {
    expect(created({ policy: { premake: 0 } })).toEqual(['2025-03-01/2025-04-01']);
  });

  it('makes the partition that begins at this very moment', () => {
    expect(created({ policy: { premake: 0 }, ranges: [['2025-03-01', '2025-04-01']] }, '2025-04-01T00:00:00Z')).toEqual([
      '2025-04-01/2025-05-01',
    ]);
  });

  it('makes nothing when premake is satisfied', () => {
    const ranges = [
      ['2025-03-01', '2025-04-01'],
      ['2025-04-01', '2025-05-01'],
      ['2025-05-01', '2025-06-01'],
    ] as const;
    expect(created({ ranges, policy: { premake: 2 } })).toEqual([]);
    expect(created({ ranges, policy: { premake: 3 } })).toEqual(['2025-06-01/2025-07-01']);
  });

  it('starts an empty table at the partition that holds startFrom', () => {
    const policy = { premake: 1, startFrom: instant('2025-01-17T08:00:00Z') };
    expect(created({ policy })).toEqual([
      '2025-01-01/2025-02-01',
      '2025-02-01/2025-03-01',
      '2025-03-01/2025-04-01',
      '2025-04-01/2025-05-01',
    ]);
  });

  it('continues an interrupted start from its last bound, so that a killed run converges', () => {
    const policy = { premake: 1, startFrom: instant('2025-01-17T08:00:00Z') };
    expect(created({ policy, ranges: [['2025-01-01', '2025-02-01']] })).toEqual([
      '2025-02-01/2025-03-01',
      '2025-03-01/2025-04-01',
      '2025-04-01/2025-05-01',
    ]);
  });

  it('ignores startFrom once the table has a partition that began', () => {
    const policy = { premake: 0, startFrom: instant('2024-01-01') };
    expect(created({ policy, ranges: [['2025-03-01', '2025-04-01']] })).toEqual([]);
  });

  it('waits for a startFrom in the future, and stays there when planned again', () => {
    const policy = { premake: 1, startFrom: instant('2026-01-01') };
    expect(created({ policy })).toEqual(['2026-01-01/2026-02-01', '2026-02-01/2026-03-01']);
    expect(
      created({
        policy,
        ranges: [
          ['2026-01-01', '2026-02-01'],
          ['2026-02-01', '2026-03-01'],
        ],
      }),
    ).toEqual([]);
  });

  it('makes everything from the last real bound through now after downtime', () => {
    expect(created({ policy: { premake: 1 }, ranges: [['2024-11-01', '2024-12-01']] })).toEqual([
      '2024-12-01/2025-01-01',
      '2025-01-01/2025-02-01',
      '2025-02-01/2025-03-01',
      '2025-03-01/2025-04-01',
      '2025-04-01/2025-05-01',
    ]);
  });

  it('joins an off-grid bound with a shorter first partition', () => {
    expect(created({ policy: { premake: 1 }, ranges: [['2025-03-05', '2025-03-17 06:00:00+00']] })).toEqual([
      '2025-03-17 06:00:00/2025-04-01',
    ]);
  });

  it('continues with a wider interval after narrower partitions', () => {
    const policy = { premake: 1, interval: parseInterval('1 year') };
    expect(created({ policy, ranges: [['2025-03-01', '2025-04-01']] })).toEqual(['2025-04-01/2026-01-01']);
  });

  it('continues with a narrower interval after wider partitions', () => {
    const policy = { premake: 2, interval: parseInterval('1 day') };
    expect(created({ policy, ranges: [['2025-01-01', '2026-01-01']] })).toEqual(['2026-01-01/2026-01-02', '2026-01-02/2026-01-03']);
  });

  it('cuts along local midnights of the policy zone', () => {
    const policy = { premake: 0, timezone: 'Europe/Berlin', interval: parseInterval('1 day') };
    expect(created({ policy }, '2025-03-30T12:00:00Z')).toEqual(['2025-03-29 23:00:00/2025-03-30 22:00:00']);
  });

  it('counts the last day of a month as that month for a date key', () => {
    expect(created({ type: 'date', policy: { premake: 0 } }, '2025-03-31T23:59:59Z')).toEqual(['2025-03-01/2025-04-01']);
  });
});

describe('the newest row', () => {
  it('counts as now when it is ahead, and the partition of the clock is made too', () => {
    const table = { newest: { position: instant('2025-05-20'), beyondHorizon: null } };
    expect(created({ policy: { premake: 1 }, table })).toEqual([
      '2025-03-01/2025-04-01',
      '2025-04-01/2025-05-01',
      '2025-05-01/2025-06-01',
      '2025-06-01/2025-07-01',
    ]);
  });

  it('explains partitions that rows ahead of the clock ask for', () => {
    const table = { newest: { position: instant('2025-05-20'), beyondHorizon: null } };
    expect(steps(modelOf({ policy: { premake: 1 }, table })).map(({ reason }) => reason)).toEqual([
      'it holds now (2025-03-10T12:00:00Z), and no partition does',
      'rows up to 2025-05-20T00:00:00Z exist, and this range has no partition',
      'rows up to 2025-05-20T00:00:00Z exist, and this range has no partition',
      '1 partition ahead of the newest row (2025-05-20T00:00:00Z) is asked for, 0 exist',
    ]);
  });

  it('is a finding and no run-away when it lies in the far future', () => {
    const plan = planModel(
      modelOf({ policy: { premake: 1 }, table: { newest: { position: null, beyondHorizon: instant('2999-01-01') } } }),
      contextAt(),
    );
    expect(plan.steps).toHaveLength(2);
    expect(plan.findings).toEqual([
      {
        kind: 'far-future-rows',
        severity: 'warning',
        message:
          'public.t holds a row at 2999-01-01T00:00:00Z, more than 2 intervals ahead. It is taken for an outlier: no partitions are made up to it. Check the row.',
        partition: null,
      },
    ]);
  });
});

describe('holes', () => {
  it('fills a hole ahead of now along the grid', () => {
    const ranges = [
      ['2025-03-01', '2025-04-01'],
      ['2025-04-01', '2025-05-01'],
      ['2025-06-15', '2025-07-01'],
    ] as const;
    expect(created({ policy: { premake: 1 }, ranges })).toEqual(['2025-05-01/2025-06-01', '2025-06-01/2025-06-15']);
  });

  it('says why a hole is filled', () => {
    const ranges = [
      ['2025-03-01', '2025-04-01'],
      ['2025-04-01', '2025-05-01'],
      ['2025-06-01', '2025-07-01'],
    ] as const;
    expect(steps(modelOf({ policy: { premake: 1 }, ranges })).map(({ reason }) => reason)).toEqual([
      'there is a hole between existing partitions',
    ]);
  });

  it('fills a hole of 2 x premake intervals and leaves a wider one as a finding', () => {
    const start = ['2025-03-01', '2025-04-01'] as const;
    expect(created({ policy: { premake: 0 }, ranges: [start, ['2025-06-01', '2025-07-01']] })).toHaveLength(2);
    expect(created({ policy: { premake: 0 }, ranges: [start, ['2025-07-01', '2025-08-01']] })).toEqual([]);
    expect(gaps({ policy: { premake: 0 }, ranges: [start, ['2025-07-01', '2025-08-01']] })).toEqual([
      'No partition of public.t covers 2025-04-01T00:00:00Z to 2025-07-01T00:00:00Z, which is more than 2 intervals wide and so is taken for intended. Make partitions for it by hand if rows can come.',
    ]);
  });

  it('makes what premake asks for inside a hole that is too wide to fill', () => {
    const ranges = [
      ['2025-03-01', '2025-04-01'],
      ['2027-01-01', '2027-02-01'],
    ] as const;
    expect(created({ policy: { premake: 2 }, ranges })).toEqual(['2025-04-01/2025-05-01', '2025-05-01/2025-06-01']);
    expect(gaps({ policy: { premake: 2 }, ranges })[0]).toContain('covers 2025-06-01T00:00:00Z to 2027-01-01T00:00:00Z');
  });

  it('does not count partitions behind a hole as made ahead', () => {
    const ranges = [
      ['2025-03-01', '2025-04-01'],
      ['2027-01-01', '2027-02-01'],
      ['2027-02-01', '2027-03-01'],
    ] as const;
    expect(created({ policy: { premake: 1 }, ranges })).toEqual(['2025-04-01/2025-05-01']);
  });

  it('only reports a hole behind now', () => {
    const settings: ModelSettings = {
      policy: { premake: 0 },
      ranges: [
        ['2024-11-01', '2024-12-01'],
        ['2025-02-01', '2025-04-01'],
      ],
    };
    expect(created(settings)).toEqual([]);
    expect(gaps(settings)).toEqual([
      'No partition of public.t covers 2024-12-01T00:00:00Z to 2025-02-01T00:00:00Z, which lies behind now and is not filled. Make a partition for it by hand if rows can still come.',
    ]);
  });

  it('fills a hole that now lies in from its beginning', () => {
    const settings: ModelSettings = {
      policy: { premake: 0 },
      ranges: [
        ['2025-01-01', '2025-02-01'],
        ['2025-05-01', '2025-06-01'],
      ],
    };
    expect(created(settings)).toEqual(['2025-02-01/2025-03-01', '2025-03-01/2025-04-01', '2025-04-01/2025-05-01']);
  });

  it('makes the partition of now when the whole set lies ahead, and joins the two', () => {
    expect(created({ policy: { premake: 0 }, ranges: [['2025-05-01', '2025-06-01']] })).toEqual([
      '2025-03-01/2025-04-01',
      '2025-04-01/2025-05-01',
    ]);
    const far: ModelSettings = { policy: { premake: 0 }, ranges: [['2026-05-01', '2026-06-01']] };
    expect(created(far)).toEqual(['2025-03-01/2025-04-01']);
    expect(gaps(far)[0]).toContain('covers 2025-04-01T00:00:00Z to 2026-05-01T00:00:00Z');
  });

  it('joins a set that begins within the interval of now', () => {
    expect(created({ policy: { premake: 0 }, ranges: [['2025-03-20', '2025-04-01']] })).toEqual(['2025-03-01/2025-03-20']);
  });

  it('reports each of twenty holes and counts the rest', () => {
    const ranges = Array.from({ length: 23 }, (_, i) => [`${2000 + i}-01-01`, `${2000 + i}-02-01`] as const);
    const settings: ModelSettings = { policy: { premake: 0 }, ranges: [...ranges, ['2025-03-01', '2025-04-01']] };
    expect(gaps(settings)).toHaveLength(21);
    expect(gaps(settings).at(-1)).toBe('public.t has 3 more gaps.');
  });
});

describe('odd bounds', () => {
  it('makes nothing behind a MAXVALUE partition', () => {
    expect(created({ ranges: [['2025-01-01', 'MAXVALUE']] })).toEqual([]);
    expect(
      created({
        ranges: [
          ['2025-03-01', '2025-04-01'],
          ['2025-04-01', 'MAXVALUE'],
        ],
      }),
    ).toEqual([]);
  });

  it('continues a partition that begins at MINVALUE', () => {
    expect(created({ policy: { premake: 0 }, ranges: [['MINVALUE', '2025-02-15']] })).toEqual([
      '2025-02-15/2025-03-01',
      '2025-03-01/2025-04-01',
    ]);
  });

  it('makes nothing behind an infinite bound', () => {
    expect(created({ ranges: [['2025-03-01', 'infinity']] })).toEqual([]);
  });

  it('takes the endless stretch before a partition for infinite values for no hole', () => {
    const settings: ModelSettings = {
      policy: { premake: 1 },
      ranges: [
        ['2025-03-01', '2025-04-01'],
        ['infinity', 'MAXVALUE'],
      ],
    };
    expect(created(settings)).toEqual(['2025-04-01/2025-05-01']);
    expect(gaps(settings)).toEqual([]);
  });

  it('starts at now when the only partition holds minus infinity', () => {
    const settings: ModelSettings = { policy: { premake: 0 }, ranges: [['MINVALUE', '-infinity']] };
    expect(gaps(settings)).toEqual([]);
    expect(created(settings)).toEqual(['2025-03-01/2025-04-01']);
    expect(
      gaps({
        policy: { premake: 0 },
        ranges: [
          ['MINVALUE', '-infinity'],
          ['2025-03-01', '2025-04-01'],
        ],
      }),
    ).toEqual([]);
  });

  it('counts foreign and sub-partitioned partitions as coverage', () => {
    const partitions = [
      rangePartition(timestamptz, 'f', '2025-03-01', '2025-04-01', { kind: 'foreign' }),
      rangePartition(timestamptz, 's', '2025-04-01', '2025-05-01', { kind: 'partitioned' }),
    ];
    expect(created({ policy: { premake: 1 }, partitions })).toEqual([]);
  });

  it('makes nothing over a pending detach and does not count it as made ahead', () => {
    const partitions = [
      rangePartition(timestamptz, 'a', '2025-03-01', '2025-04-01'),
      rangePartition(timestamptz, 'b', '2025-04-01', '2025-05-01', { isDetachPending: true }),
    ];
    expect(created({ policy: { premake: 1 }, partitions })).toEqual(['2025-05-01/2025-06-01']);
  });

  it('reports an unreadable bound and works on', () => {
    const bound = { kind: 'unreadable', reason: 'It is a LIST bound.' } as const;
    const odd = {
      oid: '7',
      name: named('odd'),
      kind: 'table',
      bound,
      boundText: "FOR VALUES IN ('x')",
      isDetachPending: false,
      estimatedRows: 0,
      estimatedBytes: 0,
    } as const;
    const plan = planModel(modelOf({ policy: { premake: 0 }, partitions: [{ ...odd, name: named('z') }, odd] }), contextAt());
    expect(plan.steps).toHaveLength(1);
    expect(plan.findings.map(({ kind, partition }) => [kind, partition?.name])).toEqual([
      ['unsupported-key', 'odd'],
      ['unsupported-key', 'z'],
    ]);
    expect(plan.findings[0]?.message).toBe(
      "The bound of public.odd (FOR VALUES IN ('x')) cannot be read: It is a LIST bound. It is left alone, and new partitions may collide with it.",
    );
  });

  it('reports bounds that overlap, and removes nothing then', () => {
    const settings: ModelSettings = {
      policy: {
        premake: 0,
        retention: { keep: { kind: 'calendar', months: 1, days: 0, micros: 0n }, action: 'detach', grace: null, schema: null },
      },
      ranges: [
        ['2020-01-01', '2024-01-01'],
        ['2021-01-01', '2022-01-01'],
        ['2021-01-01', '2023-01-01'],
        ['2021-01-01', '2023-01-01'],
        ['2025-03-01', '2025-04-01'],
      ],
    };
    const plan = planModel(modelOf(settings), contextAt());
    expect(plan.steps).toEqual([]);
    const overlaps = plan.findings.filter(({ kind }) => kind === 'overlap');
    expect(overlaps.map(({ partition }) => partition?.name)).toEqual(['p2', 'p3', 'p4']);
    expect(overlaps[0]?.message).toContain(
      'public.p1 (2020-01-01T00:00:00Z to 2024-01-01T00:00:00Z) and public.p2 (2021-01-01T00:00:00Z to 2022-01-01T00:00:00Z) overlap',
    );
  });
});

describe('absurd requests', () => {
  it('refuses a startFrom so old that an empty table would get more than 10,000 partitions', () => {
    const plan = planModel(modelOf({ policy: { interval: parseInterval('1 hour'), startFrom: instant('1970-01-01') } }), contextAt());
    expect(plan.steps).toEqual([]);
    expect(plan.findings).toEqual([
      {
        kind: 'gap',
        severity: 'error',
        message:
          'public.t would need more than 10,000 partitions for 1970-01-01T00:00:00Z to 2025-03-10T12:00:00Z, so none were made for it. Move startFrom closer to now or choose a wider interval.',
        partition: null,
      },
    ]);
  });

  it('makes the present of a table whose past would take more than 10,000 partitions', () => {
    const policy = { interval: parseInterval('1 hour'), premake: 1 };
    const settings: ModelSettings = { policy, ranges: [['1970-01-01', '1970-01-02']] };
    expect(created(settings)).toEqual(['2025-03-10 12:00:00/2025-03-10 13:00:00', '2025-03-10 13:00:00/2025-03-10 14:00:00']);
    expect(gaps(settings)[0]).toContain('Make wider partitions for it by hand');
  });

  it('makes nothing at all when even the newest row is unbelievably far ahead', () => {
    const table = { newest: { position: instant('2125-01-01'), beyondHorizon: null } };
    const settings: ModelSettings = {
      policy: { interval: parseInterval('1 hour'), premake: 1 },
      ranges: [['2025-03-10', '2025-03-11']],
      table,
    };
    expect(created(settings)).toEqual([]);
  });
});

describe('integer keys', () => {
  const thousand = { interval: parseInterval('1000'), premake: 1 };

  it('start at zero without rows, or at startFrom', () => {
    expect(created({ type: 'bigint', policy: thousand })).toEqual(['0/1000', '1000/2000']);
    expect(created({ type: 'bigint', policy: { ...thousand, startFrom: 5500n } })).toEqual(['5000/6000', '6000/7000']);
  });

  it('count ahead of the newest row', () => {
    const table = { newest: { position: 2500n, beyondHorizon: null } };
    expect(
      created({
        type: 'bigint',
        policy: thousand,
        table,
        ranges: [
          ['0', '1000'],
          ['1000', '2000'],
        ],
      }),
    ).toEqual(['2000/3000', '3000/4000']);
  });

  it('count ahead of the first partition while there are no rows', () => {
    expect(created({ type: 'bigint', policy: thousand, ranges: [['7000', '8000']] })).toEqual(['8000/9000']);
    expect(created({ type: 'bigint', policy: thousand, ranges: [['MINVALUE', '8000']] })).toEqual(['8000/9000']);
    expect(created({ type: 'bigint', policy: thousand, ranges: [['MINVALUE', 'MAXVALUE']] })).toEqual([]);
  });

  it('end where their type ends', () => {
    const table = { newest: { position: 32_500n, beyondHorizon: null } };
    expect(created({ type: 'smallint', policy: thousand, table })).toEqual(['32000/*']);
    const low = { newest: { position: -32_600n, beyondHorizon: null } };
    expect(created({ type: 'smallint', policy: { ...thousand, premake: 0 }, table: low })).toEqual(['*/-32000']);
  });

  it('count numeric keys in units of their last digit', () => {
    const table = { newest: { position: 250_00n, beyondHorizon: null } };
    expect(created({ type: 'numeric', scale: 2, policy: { ...thousand, interval: parseInterval('100'), premake: 0 }, table })).toEqual([
      '200.00/300.00',
    ]);
  });

  it('say what they count from', () => {
    const newest = { newest: { position: 2500n, beyondHorizon: null } };
    const reason = (settings: ModelSettings): string | undefined =>
      steps(modelOf({ type: 'bigint', policy: thousand, ...settings }))[0]?.reason;
    expect(reason({})).toBe('it holds the first key (0), and no partition does');
    expect(reason({ table: newest })).toBe('it holds the newest key (2500), and no partition does');
    expect(reason({ policy: { ...thousand, startFrom: 5500n } })).toBe('it holds the start (5500), and no partition does');
  });
});

describe('reasons', () => {
  it('tell how many partitions are asked for and how many exist', () => {
    const ranges = [
      ['2025-02-01', '2025-03-01'],
      ['2025-03-01', '2025-04-01'],
      ['2025-04-01', '2025-05-01'],
    ] as const;
    expect(steps(modelOf({ policy: { premake: 2 }, ranges }))[0]?.reason).toBe(
      '2 partitions ahead of now (2025-03-10T12:00:00Z) are asked for, 1 exists',
    );
    expect(steps(modelOf({ policy: { premake: 2 }, ranges: [['2025-01-01', '2025-03-01']] }))[1]?.reason).toBe(
      '2 partitions ahead of now (2025-03-10T12:00:00Z) are asked for, 0 exist',
    );
    expect(steps(modelOf({ policy: { premake: 0 }, ranges: [['2025-01-01', '2025-02-01']] }))[0]?.reason).toBe(
      'every range up to now (2025-03-10T12:00:00Z) needs a partition, and this one has none',
    );
  });
});
