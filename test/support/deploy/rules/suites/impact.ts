import type { Series, Stretch } from '../series.ts';
import type { Case, Fired, Suite } from '../suite.ts';
import { firedOfTable, ofTable } from './of-table.ts';

const blocked = (value: number): Series => ({ metric: 'blocked_sessions', value });

export const partitiondBlockingSessions: Suite = {
  alert: 'PartitiondBlockingSessions',
  every: 0.5,
  branches: [
    {
      severity: 'critical',
      name: null,
      minutes: 1,
      over: [blocked(6)],
      under: [blocked(5)],
      alert: {
        severity: 'critical',
        labels: { database: 'main' },
        summary: 'Sessions of the application wait behind locks of partitiond.',
        description: (where) => `Up to 6 sessions at once waited behind partitiond in ${where}main in the last minute.`,
        dashboard: 'daemon',
      },
      leaderMoves: 'anew',
      isOfLeader: true,
    },
  ],
};

const refusal: Fired = firedOfTable({
  severity: 'critical',
  summary: 'A guard refused to detach or drop partitions.',
  says: ': a guard stopped the removal of partitions, because more were due than one run may remove, or the clocks disagree, or what was planned is no longer true.',
  dashboard: 'table',
});

const steps = (step: string, outcome: string, value: string | number): Series => ({
  metric: 'steps_total',
  labels: { step, outcome },
  value,
});
const finding = (kind: string): Series => ({ metric: 'table_findings', labels: { finding: kind }, value: 1 });
const working: Series = { metric: 'paused', value: 0 };

function alone(name: string, series: readonly Series[], checks: Case['checks']): Case {
  return { name: `critical, ${name}`, stretches: [{ pod: 'a', from: 0, series }], checks };
}

function firing(...minutes: readonly number[]): Case['checks'] {
  return minutes.map((minute) => ({ minute, fired: [refusal] }));
}

function quiet(...minutes: readonly number[]): Case['checks'] {
  return minutes.map((minute) => ({ minute, fired: [] }));
}

/** Pod b takes over with what the journal remembers. */
function handedOver(before: string | number, after: string | number): readonly Stretch[] {
  return [
    { pod: 'a', from: 0, to: 10, series: [working, steps('drop-table', 'refused', before)] },
    { pod: 'b', from: 13, series: [working, steps('drop-table', 'refused', after)] },
  ];
}

const bornAtZero = '0x3 1x300';

export const partitiondRemovalRefused: Suite = {
  alert: 'PartitiondRemovalRefused',
  branches: [
    {
      severity: 'critical',
      name: 'by the last plan',
      minutes: 0,
      over: [working, finding('removal-budget'), finding('gap')],
      under: [working, finding('gap')],
      alert: refusal,
      ...ofTable,
    },
  ],
  cases: [
    alone(
      'counted: fires on the first event of a counter born at 0',
      [working, steps('drop-table', 'refused', bornAtZero)],
      [...quiet(3), ...firing(5, 60, 110), ...quiet(130)],
    ),
    alone('counted: fires for a detach too', [working, steps('detach-partition', 'refused', bornAtZero)], [...quiet(3), ...firing(5)]),
    alone('counted: quiet', [working, steps('drop-table', 'refused', 0), steps('drop-table', 'ok', '0+1x60')], quiet(5, 60)),
    alone('counted: quiet when another step was refused', [working, steps('create-partition', 'refused', '0+1x60')], quiet(5, 60)),
    alone('counted: quiet for a counter restored at 7', [working, steps('drop-table', 'refused', 7)], quiet(0, 5, 60)),
    alone(
      'counted: fires for a counter restored at 7 that goes on',
      [working, steps('drop-table', 'refused', '7x9 8x60')],
      [...quiet(9), ...firing(11)],
    ),
    {
      name: 'critical, counted: leader moves and it goes on',
      stretches: handedOver('0x3 1x6', 1),
      checks: firing(10, 12, 13, 20, 100),
    },
    {
      name: 'critical, counted: leader moves and nothing is new',
      stretches: handedOver(7, 7),
      checks: quiet(10, 12, 13, 20, 60),
    },
    {
      name: 'critical, counted: leader moves and its history was trimmed',
      stretches: handedOver(7, 3),
      checks: quiet(12, 13, 60),
    },
    {
      name: 'critical, counted: two pods export at once',
      stretches: ['a', 'b'].map((pod) => ({ pod, from: 0, series: [working, steps('drop-table', 'refused', bornAtZero)] })),
      checks: firing(5, 60),
    },
    {
      name: 'critical, counted: without the label cluster',
      stretches: [{ pod: 'a', from: 0, series: [working, steps('drop-table', 'refused', bornAtZero)], place: { cluster: '' } }],
      checks: [{ minute: 5, fired: [{ ...refusal, place: { cluster: '' } }] }],
    },
    {
      name: 'critical, counted: of two clusters only the one concerned',
      stretches: [
        { pod: 'a', from: 0, series: [working, steps('drop-table', 'refused', bornAtZero)] },
        { pod: 'c', from: 0, series: [working, steps('drop-table', 'refused', 7)], place: { cluster: 'us' } },
      ],
      checks: firing(5, 60),
    },
    alone(
      'counted: what a pause refuses is on purpose',
      [{ ...working, value: '0x1 1x20 0x200' }, steps('drop-table', 'refused', bornAtZero)],
      quiet(5, 20, 40, 100),
    ),
    alone('by the last plan: a pause excuses no plan', [{ ...working, value: 1 }, finding('removal-budget')], firing(0, 10)),
  ],
};
