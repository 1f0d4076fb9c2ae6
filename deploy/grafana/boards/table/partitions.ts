import { graphPanel } from '../../parts/graph.ts';
import { barPanel } from '../../parts/other-panels.ts';
import type { Panel } from '../../parts/panel.ts';
import { tablePanel } from '../../parts/table.ts';
import { hidden, ofTable, tableName, tableRows } from './common.ts';

export const partitionRow: readonly Panel[] = [
  graphPanel({
    title: 'Partitions by state',
    description:
      'Attached ones serve queries. Detach-pending: rows are invisible until a run finishes it, so find who blocks. Detached wait for their removal; foreign ones we never touch.',
    unit: 'short',
    size: [8, 8],
    queries: [{ expr: ofTable('table_partitions', ['state']), legend: `${tableName} {{state}}` }],
    draw: 'areas',
  }),
  graphPanel({
    title: 'Past retention, held, gaps',
    description:
      'What should be 0 between two runs. Expired: a guard or a lock stops removal. Gaps: partitiond check --table T. Held is a choice: lift the hold.',
    unit: 'short',
    size: [8, 8],
    queries: [
      { expr: ofTable('table_expired_partitions'), legend: `${tableName} expired` },
      { expr: ofTable('table_held_partitions'), legend: `${tableName} held` },
      { expr: ofTable('table_coverage_gaps'), legend: `${tableName} gaps` },
    ],
  }),
  graphPanel({
    title: 'Default partition',
    description:
      'Rows that fit no range, and their bytes. More than 0: find their keys, make room, move them; the runbook PartitionDefaultRows shows how.',
    unit: 'short',
    size: [8, 8],
    queries: [
      { expr: ofTable('table_default_partition_rows'), legend: `${tableName} rows` },
      { expr: ofTable('table_default_partition_bytes'), legend: `${tableName} bytes` },
    ],
    right: { queries: [1], unit: 'bytes' },
    noValue: 'no default partition',
  }),
  graphPanel({
    title: 'Size by component',
    description: 'The whole tree. Indexes larger than the heap: partitiond advise; TOAST that grows alone: look at wide columns.',
    unit: 'bytes',
    size: [8, 8],
    queries: [{ expr: ofTable('table_size_bytes', ['component']), legend: `${tableName} {{component}}` }],
    draw: 'areas',
  }),
  graphPanel({
    title: 'Growth and forecast',
    description:
      'Size in 7, 30 and 90 days by the fitted growth and its season, less what leaves by retention. Growth itself is on the right axis. Plan disk by it.',
    unit: 'bytes',
    size: [8, 8],
    queries: [
      { expr: ofTable('table_forecast_size_bytes', ['horizon']), legend: `${tableName} in {{horizon}}` },
      { expr: ofTable('table_growth_bytes_per_second'), legend: `${tableName} growth` },
    ],
    right: { queries: [1], unit: 'Bps' },
    fromZero: false,
    noValue: 'integer key',
  }),
  graphPanel({
    title: 'Size of a partition and its skew',
    description:
      'Median and largest closed partition; their quotient on the right axis. A skew that grows: the interval no longer fits the load, see partitiond advise.',
    unit: 'bytes',
    size: [8, 8],
    queries: [
      { expr: ofTable('table_partition_size_median_bytes'), legend: `${tableName} median` },
      { expr: ofTable('table_partition_size_max_bytes'), legend: `${tableName} largest` },
      { expr: ofTable('table_size_skew_ratio'), legend: `${tableName} skew` },
    ],
    right: { queries: [2], unit: 'none' },
  }),
  barPanel({
    title: 'Size by partition',
    description:
      'The bounded set: current, next, default, held, then the largest; _other is the sum of the rest. One bar that towers over all: a hot interval.',
    unit: 'bytes',
    size: [10, 12],
    query: { expr: `sort_desc(${ofTable('partition_size_bytes', ['partition'])})`, legend: `${tableName} {{partition}}` },
  }),
  tablePanel({
    title: 'Rows and age by partition',
    description:
      'Estimates of the same set; the age in _other is the worst of the rest. Many dead rows or a high age: autovacuum does not get there, see the next row.',
    size: [14, 12],
    rows: ['table', 'partition'],
    hidden: [...hidden, 'schema'],
    columns: [
      { title: 'rows', expr: ofTable('partition_rows', ['partition']), unit: 'short' },
      { title: 'dead rows', expr: ofTable('partition_dead_rows', ['partition']), unit: 'short' },
      {
        title: 'xid age',
        expr: ofTable('partition_xid_age_transactions', ['partition']),
        unit: 'short',
        steps: [
          [1e9, 'orange'],
          [1.6e9, 'red'],
        ],
      },
    ],
    sortBy: 'partition',
    descending: true,
  }),
  graphPanel({
    title: 'Drift and invalid indexes',
    description:
      'Partitions that differ from their parent, by what differs, and indexes that are invalid or not attached. The next maintenance mends what the policy allows: partitiond plan --table T.',
    unit: 'short',
    size: [12, 7],
    queries: [
      { expr: ofTable('table_drifted_partitions', ['drift']), legend: `${tableName} {{drift}}` },
      { expr: ofTable('table_invalid_indexes'), legend: `${tableName} invalid indexes` },
    ],
  }),
  tablePanel({
    title: 'How much of the tree is shown',
    description:
      'Partitions with series of their own and those that only _other counts. More are wanted: metrics.topPerTable, at the price of series.',
    size: [12, 7],
    rows: tableRows,
    hidden,
    columns: [
      { title: 'shown', expr: ofTable('partitions_exported'), unit: 'short' },
      { title: 'in _other', expr: ofTable('partitions_omitted'), unit: 'short' },
    ],
    sortBy: 'in _other',
    descending: true,
  }),
];
