import { graphPanel } from '../../parts/graph.ts';
import type { Panel } from '../../parts/panel.ts';
import { age, byTable, happened, metric } from '../../parts/query.ts';
import { ofTable, tableName } from './common.ts';

export const stepRow: readonly Panel[] = [
  graphPanel({
    title: 'Steps per hour',
    description:
      'What was done to the table, by kind and outcome. Failed: the log of the run. Refused: a guard stopped a removal, partitiond plan --table T says which.',
    unit: 'short',
    size: [8, 8],
    queries: [
      {
        expr: `3600 * sum by (${byTable}, step, outcome) (rate(${metric('steps_total', 'table')}[$__rate_interval])) > 0`,
        legend: `${tableName} {{step}} {{outcome}}`,
      },
    ],
    draw: 'bars',
    noValue: 'nothing to do',
  }),
  graphPanel({
    title: 'Lock timeouts',
    description:
      'Attempts given up because a lock did not come in time, and whole steps given up. Steps given up again and again: find the blocker in the log, or move the schedule.',
    unit: 'short',
    size: [8, 8],
    queries: [
      { expr: happened(byTable, 'table_lock_timeouts_total', 'table'), legend: `${tableName} attempts` },
      { expr: happened(byTable, 'table_lock_budget_exhausted_total', 'table'), legend: `${tableName} steps` },
    ],
    draw: 'bars',
  }),
  graphPanel({
    title: 'Errors by phase',
    description:
      'Runs that failed for this table alone, by the phase that failed. The log of the run has the statement and what PostgreSQL said.',
    unit: 'short',
    size: [8, 8],
    queries: [{ expr: happened(`${byTable}, phase`, 'table_errors_total', 'table'), legend: `${tableName} {{phase}}` }],
    draw: 'bars',
  }),
  graphPanel({
    title: 'Age of the last success',
    description:
      'Time since each task last ended without a failure for this table. One that only rises: this table fails while the others go on.',
    unit: 's',
    size: [12, 7],
    queries: [{ expr: age(ofTable('table_last_success_timestamp_seconds', ['task'])), legend: `${tableName} {{task}}` }],
  }),
  graphPanel({
    title: 'Long steps at work',
    description:
      'How much of its phase a long step of maintenance or of an index has done. Empty when none is at work; one that stands still waits for a lock or an old transaction.',
    unit: 'percentunit',
    size: [12, 7],
    queries: [{ expr: ofTable('table_step_progress_ratio', ['partition', 'step']), legend: '{{partition}} {{step}}' }],
    noValue: 'none',
  }),
];
