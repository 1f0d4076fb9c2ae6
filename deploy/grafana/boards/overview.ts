import { type Board } from '../parts/frame.ts';
import { graphPanel } from '../parts/graph.ts';
import { barPanel } from '../parts/other-panels.ts';
import type { Panel } from '../parts/panel.ts';
import { age, byDatabase, byTable, extreme, led, recorded } from '../parts/query.ts';
import { statPanel } from '../parts/stat.ts';
import { tablePanel } from '../parts/table.ts';

const hidden = ['cluster', 'namespace', 'job'];
const tableRows = ['database', 'schema', 'table'];
const tableName = '{{database}} {{schema}}.{{table}}';

const runway = recorded('table:partitiond_runway_seconds:max', 'database');
const retentionLag = recorded('table:partitiond_retention_lag_seconds:max', 'database');
const size = recorded('table:partitiond_size_bytes:sum', 'database');
const ofTable = (name: string, extra = ''): string => led(name, byTable, 'database', extra);

/** What is left of the premade partitions as a part of what the policy wants; integer keys count in partitions, time keys in time. */
const share = `(${runway} / ${ofTable('table_runway_target_seconds')}) or (${ofTable('table_headroom_intervals')} / ${ofTable('table_premake_partitions')})`;
const shareSteps = [
  [0.25, 'orange'],
  [0.5, 'green'],
] as const;

const firing = (severity: string): string =>
  `count(ALERTS{cluster=~"$cluster",alertname=~"Partition.+",alertstate="firing",severity="${severity}"}) or vector(0)`;

const health: readonly Panel[] = [
  statPanel({
    title: 'Databases without one leader',
    description:
      'Databases that nobody leads, or that several lead. Nobody: partitions are no longer made; look at database_up and the refusals on Daemon. Several: scale to one replica and compare epochs.',
    unit: 'short',
    size: [4, 4],
    queries: [{ expr: `sum(${recorded('database:partitiond_leaders:sum', 'database')} != bool 1)`, legend: 'without one leader' }],
    steps: [[1, 'red']],
    noValue: 'no daemon seen',
  }),
  statPanel({
    title: 'Stale tasks',
    description:
      'Tasks whose last run without a failure is older than 2.5 times the longest gap of their schedule. Those of a paused database too. Which one: Daemon, Tasks. Then the log of its last run.',
    unit: 'short',
    size: [4, 4],
    queries: [
      {
        expr: `sum(${recorded('task:partitiond_success_age_seconds:max', 'database')} > bool 2.5 * ${led('task_interval_seconds', `${byDatabase}, task`, 'database')})`,
        legend: 'stale',
      },
    ],
    steps: [[1, 'orange']],
    noValue: 'no leader seen',
  }),
  statPanel({
    title: 'Firing alerts',
    description:
      'Alerts of partitiond that fire now, whichever job and instance is chosen. Their runbooks say what to do. 0 as well where the rules are not loaded: see the page Rules of Prometheus once.',
    unit: 'short',
    size: [4, 4],
    queries: [
      { expr: firing('critical'), legend: 'critical' },
      { expr: firing('warning'), legend: 'warning' },
    ],
    steps: [[1, 'orange']],
    stepsOf: { critical: [[1, 'red']] },
  }),
  statPanel({
    title: 'Lowest runway against target',
    description:
      'The table that is nearest to running out of partitions: what is left as a part of what its policy wants. Below 50 % provisioning fails quietly, below 25 % inserts will soon fail. First: partitiond plan --table T.',
    unit: 'percentunit',
    size: [4, 4],
    decimals: 0,
    queries: [{ expr: `min(${share})`, legend: 'of the target' }],
    base: 'red',
    steps: shareSteps,
    noValue: 'no leader seen',
  }),
  statPanel({
    title: 'Rows in default partitions',
    description:
      'Rows outside every range: they block the partition that should hold them. First: which keys they have; the runbook PartitionDefaultRows has the SQL and the way out.',
    unit: 'short',
    size: [4, 4],
    queries: [{ expr: `sum(${ofTable('table_default_partition_rows')})`, legend: 'rows' }],
    steps: [[1, 'orange']],
    noValue: 'no default partition',
  }),
  statPanel({
    title: 'Age of the snapshot',
    description:
      'When the catalogs were read that all series of tables come from, at the database where that is longest ago. Over 15 minutes everything below is old news: look at the collectors on Daemon.',
    unit: 's',
    size: [4, 4],
    queries: [{ expr: `max(${age(led('catalog_snapshot_timestamp_seconds', byDatabase, 'database'))})`, legend: 'old' }],
    steps: [[900, 'orange']],
    noValue: 'no leader seen',
  }),
];

const runwayRow: readonly Panel[] = [
  tablePanel({
    title: 'Runway by table',
    description:
      'How long, or for how many partitions, each table can go on without us; the worst first. A gap is a range inside the tree that no partition takes. A click on a name opens the table.',
    size: [14, 9],
    rows: tableRows,
    hidden,
    columns: [
      { title: 'of target', expr: share, unit: 'percentunit', decimals: 0, base: 'red', steps: shareSteps },
      { title: 'runway', expr: runway, unit: 's', decimals: 1 },
      { title: 'target', expr: ofTable('table_runway_target_seconds'), unit: 's', decimals: 1 },
      { title: 'headroom', expr: ofTable('table_headroom_intervals'), unit: 'short' },
      { title: 'future', expr: ofTable('table_future_partitions'), unit: 'short' },
      { title: 'gaps', expr: ofTable('table_coverage_gaps'), unit: 'short', steps: [[1, 'orange']] },
    ],
    sortBy: 'of target',
  }),
  graphPanel({
    title: 'Lowest 10 runways',
    description:
      'The ten tables with time keys whose runway was the lowest in the time shown. A saw tooth is provisioning at work; a straight fall is provisioning that fails.',
    unit: 's',
    size: [10, 9],
    queries: [{ expr: extreme('lowest', 10, runway), legend: tableName }],
    worst: 'min',
  }),
];

const retentionRow: readonly Panel[] = [
  graphPanel({
    title: 'Highest 10 retention lags',
    description:
      'How far past its retention the oldest partition is that should leave; below 0 it has not expired yet. Rising for hours means that old data does not go: look at the findings of partitiond plan --table T.',
    unit: 's',
    size: [12, 8],
    queries: [{ expr: extreme('highest', 10, retentionLag), legend: tableName }],
    fromZero: false,
    limits: [[86_400, 'orange']],
  }),
  tablePanel({
    title: 'Expired against held',
    description:
      'Partitions past retention that wait for their removal, and those that a hold keeps. Expired that does not fall to 0 after a run of the task retention: a guard, a lock or a budget stops it.',
    size: [12, 8],
    rows: tableRows,
    hidden,
    columns: [
      { title: 'expired', expr: ofTable('table_expired_partitions'), unit: 'short', steps: [[3, 'orange']] },
      { title: 'held', expr: ofTable('table_held_partitions'), unit: 'short' },
      { title: 'lag', expr: retentionLag, unit: 's', decimals: 1, steps: [[86_400, 'orange']] },
      { title: 'retention', expr: ofTable('table_retention_seconds'), unit: 's', decimals: 1 },
    ],
    sortBy: 'expired',
    descending: true,
  }),
];

const sizeRow: readonly Panel[] = [
  graphPanel({
    title: 'Largest 10 tables',
    description: 'Size of the whole tree with indexes and TOAST, measured about every 15 minutes. A step down is retention at work.',
    unit: 'bytes',
    size: [10, 8],
    queries: [{ expr: extreme('highest', 10, size), legend: tableName }],
  }),
  graphPanel({
    title: 'Fastest 10 growths',
    description:
      'Growth without its season, fitted to the closed partitions. What was not expected here is in the disk bill of next month.',
    unit: 'Bps',
    size: [7, 8],
    queries: [{ expr: `topk(10, ${ofTable('table_growth_bytes_per_second')})`, legend: tableName }],
    fromZero: false,
  }),
  barPanel({
    title: 'Forecast in 30 days',
    description: 'Size by the fitted growth and its season, less what leaves by retention until then. Compare with the disk that is left.',
    unit: 'bytes',
    size: [7, 8],
    query: { expr: `sort_desc(topk(10, ${ofTable('table_forecast_size_bytes', 'horizon="30d"')}))`, legend: tableName },
  }),
];

const problemRow: readonly Panel[] = [
  tablePanel({
    title: 'Findings',
    description:
      'What the last snapshot found wrong, by kind, and in how many places. partitiond check --table T says where, and what to do about each. Empty is good.',
    size: [12, 8],
    rows: ['finding', ...tableRows],
    hidden,
    columns: [{ title: 'places', expr: `${led('table_findings', `${byTable}, finding`, 'database')} > 0`, unit: 'short' }],
    sortBy: 'places',
    descending: true,
    noValue: 'none',
  }),
  tablePanel({
    title: 'Failing probes',
    description:
      'Queries that touch more partitions than they may, or could not be run. First: partitiond probe --table T shows the plan; usually a predicate does not fit the partition key. Empty is good.',
    size: [12, 8],
    rows: ['probe', ...tableRows],
    hidden,
    columns: [
      { title: 'last run', expr: failing('probe_last_run_timestamp_seconds', ' * 1000'), unit: 'dateTimeFromNow' },
      { title: 'scanned', expr: failing('probe_partitions_scanned'), unit: 'short' },
      { title: 'allowed', expr: failing('probe_partitions_allowed'), unit: 'short' },
    ],
    sortBy: 'table',
  }),
];

function failing(name: string, times = ''): string {
  const by = `${byTable}, probe`;
  return `${led(name, by, 'database')}${times} and ${led('probe_success', by, 'database')} == 0`;
}

/** For whoever is on call: what is wrong, where, and since when. */
export const overviewBoard: Board = {
  file: 'overview.json',
  name: 'Overview',
  description: 'Is anything wrong with the partitions of any table, and with which? For whoever is on call.',
  variables: [],
  rows: [
    { title: 'Health', panels: health },
    { title: 'Runway', panels: runwayRow },
    { title: 'Retention', panels: retentionRow },
    { title: 'Size', panels: sizeRow },
    { title: 'Problems', panels: problemRow },
  ],
};
