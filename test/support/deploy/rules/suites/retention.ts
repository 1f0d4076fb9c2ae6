import type { Series } from '../series.ts';
import type { Case, Fired, Suite } from '../suite.ts';
import { firedOfTable, ofTable } from './of-table.ts';

const retentionSeconds = 864_000;
const leader: Series = { metric: 'leader', value: 1 };
const task: Series = { metric: 'task_interval_seconds', labels: { task: 'retention' }, value: 3600 };
/** Must not be taken for that of retention. */
const otherTask: Series = { metric: 'task_interval_seconds', labels: { task: 'maintenance' }, value: 604_800 };

/** A partition that left retention so many seconds ago and is still there. */
function timeKey(lagSeconds: number, intervalSeconds: number, expired = 1): readonly Series[] {
  return [
    leader,
    otherTask,
    { metric: 'table_oldest_partition_end_timestamp_seconds', value: { fromNow: -lagSeconds - retentionSeconds } },
    { metric: 'table_retention_seconds', value: retentionSeconds },
    { metric: 'table_interval_seconds', value: intervalSeconds },
    { metric: 'table_expired_partitions', value: expired },
    { metric: 'table_held_partitions', value: 0 },
  ];
}

function integerKey(expired: number, held = 0): readonly Series[] {
  return [leader, task, { metric: 'table_expired_partitions', value: expired }, { metric: 'table_held_partitions', value: held }];
}

function lagging(expired: number): Fired {
  return firedOfTable({
    severity: 'warning',
    summary: 'Partitions past their retention do not leave.',
    says: ` keeps partitions that are past retention and not on hold (${expired} in all): disk fills up, and data stays longer than promised.`,
    dashboard: 'overview',
  });
}

function lasting(name: string, series: readonly Series[], fired: readonly Fired[]): Case {
  return { name: `warning, ${name}`, stretches: [{ pod: 'a', from: 0, series }], checks: [{ minute: 370, fired }] };
}

export const partitionRetentionLag: Suite = {
  alert: 'PartitionRetentionLag',
  every: 5,
  branches: [
    {
      severity: 'warning',
      name: 'time keys',
      minutes: 360,
      over: [task, ...timeKey(90_100, 86_400)],
      under: [task, ...timeKey(89_900, 86_400)],
      alert: lagging(1),
      policy: ['table_retention_seconds', 'table_interval_seconds'],
      ...ofTable,
    },
    {
      severity: 'warning',
      name: 'time keys while the task is off',
      minutes: 360,
      over: timeKey(86_500, 86_400),
      under: timeKey(86_300, 86_400),
      alert: lagging(1),
      policy: ['table_retention_seconds'],
      ...ofTable,
    },
    { severity: 'warning', name: 'integer keys', minutes: 360, over: integerKey(3), under: integerKey(2), alert: lagging(3), ...ofTable },
  ],
  cases: [
    lasting('time keys: hourly partitions past their hour', [task, ...timeKey(7300, 3600, 2)], [lagging(2)]),
    lasting('time keys: hourly partitions within their hour', [task, ...timeKey(7100, 3600, 2)], []),
    lasting('time keys: monthly partitions past a day', [task, ...timeKey(90_100, 2_678_400)], [lagging(1)]),
    lasting('time keys: monthly partitions within a day', [task, ...timeKey(89_900, 2_678_400)], []),
    lasting('time keys: hourly partitions that leave once a day', [{ ...task, value: 86_400 }, ...timeKey(82_800, 3600, 23)], []),
    lasting('time keys: many expired at once, all within their time', [task, ...timeKey(100, 86_400, 5)], []),
    lasting(
      'time keys: a held partition is quiet',
      [
        task,
        ...timeKey(-40_000, 86_400, 0).filter(({ metric }) => !metric.includes('held')),
        { metric: 'table_held_partitions', value: 1 },
      ],
      [],
    ),
    lasting(
      'time keys: the only free partition is the last one',
      [task, ...timeKey(0, 86_400, 1).filter(({ metric }) => !metric.includes('oldest'))],
      [],
    ),
    lasting('time keys: nothing expired, whatever the oldest bound says', [task, ...timeKey(2_000_000, 86_400, 0)], []),
    lasting('integer keys: held partitions are quiet', integerKey(0, 7), []),
  ],
};
