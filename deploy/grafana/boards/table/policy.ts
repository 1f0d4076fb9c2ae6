import { graphPanel } from '../../parts/graph.ts';
import type { Panel } from '../../parts/panel.ts';
import { recorded } from '../../parts/query.ts';
import { statPanel } from '../../parts/stat.ts';
import { tablePanel } from '../../parts/table.ts';
import { hidden, ofTable, tableName, tableRows } from './common.ts';

const runway = recorded('table:partitiond_runway_seconds:max', 'table');

function fact(title: string, description: string, unit: string, expr: string, noValue: string): Panel {
  return statPanel({ title, description, unit, size: [4, 4], queries: [{ expr, legend: tableName }], noValue });
}

export const policyRow: readonly Panel[] = [
  fact(
    'Interval',
    'Width of the interval that the policy makes now. Wrong: it is a key of the policy, partitiond advise says what fits.',
    's',
    ofTable('table_interval_seconds'),
    'integer key',
  ),
  fact(
    'Retention',
    'How long the policy keeps a partition. Wrong: change the policy before the next run of the task retention.',
    's',
    ofTable('table_retention_seconds'),
    'keeps all, or integer key',
  ),
  fact(
    'Runway target',
    'The time that premade partitions are meant to cover: premake times the interval. What is left of it is below.',
    's',
    ofTable('table_runway_target_seconds'),
    'integer key',
  ),
  fact(
    'Oldest partition ends',
    'The upper bound of the oldest partition that can leave. Much older than the retention: removal is stopped, see the findings.',
    'dateTimeAsIso',
    `${ofTable('table_oldest_partition_end_timestamp_seconds')} * 1000`,
    'integer key, or one partition',
  ),
  fact(
    'Last bound',
    'Up to here every key from now on has a partition. In the past: inserts fail or fall into the default partition.',
    'dateTimeAsIso',
    `${ofTable('table_coverage_end_timestamp_seconds')} * 1000 < Inf`,
    'integer key, or no end',
  ),
  fact(
    'Integer key is full',
    'When the newest key reaches the end of what is covered at the pace of the last hours. Near: partitiond apply --only provision --table T.',
    'dateTimeAsIso',
    `${ofTable('table_forecast_exhaustion_timestamp_seconds')} * 1000 < Inf`,
    'time key, or no growth seen',
  ),
  graphPanel({
    title: 'Runway against target',
    description:
      'Time until the first key without a partition, and what the policy wants (dashed). Under half of it for long: look at the errors and steps below.',
    unit: 's',
    size: [8, 8],
    queries: [
      { expr: runway, legend: `${tableName} runway` },
      { expr: ofTable('table_runway_target_seconds'), legend: `${tableName} target` },
    ],
    dashed: [1],
    worst: 'min',
  }),
  graphPanel({
    title: 'Future partitions against premake',
    description:
      'Partitions wholly after the current one and how many the policy wants (dashed); for integer keys also how many are left after the newest key. Fewer than wanted after a run: partitiond plan --table T.',
    unit: 'short',
    size: [8, 8],
    queries: [
      { expr: ofTable('table_future_partitions'), legend: `${tableName} future` },
      { expr: ofTable('table_premake_partitions'), legend: `${tableName} wanted` },
      { expr: ofTable('table_headroom_intervals'), legend: `${tableName} headroom` },
    ],
    dashed: [1],
    worst: 'min',
  }),
  tablePanel({
    title: 'Findings of the table',
    description:
      'What the last snapshot found wrong, by kind. partitiond check --table T says where, and what to do about each. Empty is good.',
    size: [8, 8],
    rows: ['finding', ...tableRows],
    hidden,
    columns: [{ title: 'places', expr: `${ofTable('table_findings', ['finding'])} > 0`, unit: 'short' }],
    sortBy: 'places',
    descending: true,
    noValue: 'none',
  }),
];
