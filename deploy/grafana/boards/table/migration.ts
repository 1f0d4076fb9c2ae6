import { graphPanel } from '../../parts/graph.ts';
import { timelinePanel } from '../../parts/other-panels.ts';
import type { Panel } from '../../parts/panel.ts';
import { age, byTable, happened, metric } from '../../parts/query.ts';
import { ofTable, tableName } from './common.ts';

const noMigration = 'no migration';

export const migrationRow: readonly Panel[] = [
  timelinePanel({
    title: 'Phase of the migration',
    description: 'A band for each phase that the migration was in. From ready and from switched on it waits for a person.',
    unit: 'short',
    size: [12, 8],
    query: { expr: `${ofTable('migration_phase', ['phase'])} == 1`, legend: `${tableName} {{phase}}` },
    words: { '1': ['is in', 'blue'] },
  }),
  graphPanel({
    title: 'Copied against estimated',
    description:
      'How much of the table is copied, and on the right axis the rows that it has by its statistics; later writes come by replay.',
    unit: 'percentunit',
    size: [12, 8],
    queries: [
      { expr: ofTable('migration_progress_ratio'), legend: `${tableName} progress` },
      { expr: ofTable('migration_rows_estimated'), legend: `${tableName} estimated` },
    ],
    right: { queries: [1], unit: 'short' },
    noValue: noMigration,
  }),
  graphPanel({
    title: 'Backlog of the migration',
    description: 'Captured changes that are not replayed. It grows while rows are copied; from ready on it stays near nothing.',
    unit: 'short',
    size: [8, 8],
    queries: [
      { expr: ofTable('migration_backlog_rows'), legend: `${tableName} rows` },
      { expr: ofTable('migration_log_bytes'), legend: `${tableName} log` },
    ],
    right: { queries: [1], unit: 'bytes' },
    noValue: noMigration,
  }),
  graphPanel({
    title: 'Why the copy waits',
    description:
      'Time that the copy was held back, by reason. replication-lag: look after the standbys and slots; load: it is a busy hour.',
    unit: 's',
    size: [8, 8],
    queries: [{ expr: happened(`${byTable}, reason`, 'migration_throttled_seconds_total', 'table'), legend: `${tableName} {{reason}}` }],
    draw: 'bars',
  }),
  graphPanel({
    title: 'Locks of the last switch',
    description: 'How long the last switch in each direction held its locks. More than half a second is more than `switch.maxLock` allows.',
    unit: 's',
    size: [8, 8],
    queries: [{ expr: ofTable('migration_switch_lock_seconds', ['direction']), legend: `${tableName} {{direction}}` }],
    noValue: 'not switched',
  }),
  graphPanel({
    title: 'Age of the newest progress and verdict',
    description: 'Time since something was committed, since the last whole verification, and of the oldest change that is not replayed.',
    unit: 's',
    size: [8, 8],
    queries: [
      { expr: age(ofTable('migration_last_progress_timestamp_seconds')), legend: `${tableName} progress` },
      { expr: age(`(${ofTable('migration_last_verification_timestamp_seconds')} > 0)`), legend: `${tableName} verdict` },
      { expr: age(ofTable('migration_oldest_unreplayed_timestamp_seconds')), legend: `${tableName} oldest change` },
    ],
    noValue: noMigration,
  }),
  graphPanel({
    title: 'Rows copied, replayed and compared',
    description: 'In each step of the graph. Replayed and compared are those of the daemon, not of a command.',
    unit: 'short',
    size: [8, 8],
    queries: [
      { expr: happened(byTable, 'migration_rows_copied_total', 'table'), legend: `${tableName} copied` },
      { expr: happened(byTable, 'migration_rows_replayed_total', 'table'), legend: `${tableName} replayed` },
      { expr: happened(byTable, 'migration_rows_verified_total', 'table'), legend: `${tableName} compared` },
    ],
    draw: 'bars',
  }),
  graphPanel({
    title: 'Batches and commits beside them',
    description:
      '95 of 100 batches are shorter, and so are 95 of 100 of the commits by which the daemon measures how fast others can write. Both up: `pace` is too small.',
    unit: 's',
    size: [8, 8],
    queries: [
      { expr: most('migration_batch_duration_seconds'), legend: `${tableName} batch` },
      { expr: most('migration_canary_commit_seconds'), legend: `${tableName} commit` },
    ],
    noValue: 'nothing is copied',
  }),
  graphPanel({
    title: 'Left until the copy ends',
    description: 'At the pace of the last minute; windows and brakes make it longer.',
    unit: 's',
    size: [8, 7],
    queries: [{ expr: `${ofTable('migration_estimated_completion_timestamp_seconds')} - time()`, legend: tableName }],
    noValue: 'nothing is copied',
  }),
  graphPanel({
    title: 'Migration is paused',
    description: '1 while it waits for a person, by reason: `partitiond migrate status` says what to do.',
    unit: 'short',
    size: [8, 7],
    queries: [{ expr: ofTable('migration_paused', ['reason']), legend: `${tableName} {{reason}}` }],
    noValue: noMigration,
  }),
  graphPanel({
    title: 'Attempts to switch',
    description: 'By outcome, of the daemon; commands tell their own in their log.',
    unit: 'short',
    size: [8, 7],
    queries: [
      {
        expr: happened(`${byTable}, direction, outcome`, 'migration_switch_attempts_total', 'table'),
        legend: `${tableName} {{direction}} {{outcome}}`,
      },
    ],
    draw: 'bars',
  }),
];

function most(name: string): string {
  return `histogram_quantile(0.95, sum by (${byTable}, le) (rate(${metric(`${name}_bucket`, 'table')}[$__rate_interval])))`;
}
