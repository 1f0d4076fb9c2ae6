import { graphPanel } from '../../parts/graph.ts';
import type { Panel, Words } from '../../parts/panel.ts';
import { byTable, happened } from '../../parts/query.ts';
import { tablePanel } from '../../parts/table.ts';
import { hidden, ofTable, tableName } from './common.ts';

const verdict: Words = { '1': ['met', 'green'], '0': ['not met', 'red'] };

export const probeRow: readonly Panel[] = [
  graphPanel({
    title: 'Partitions scanned against allowed',
    description:
      'What is left after pruning, and how much may be left (dashed). Over it: the predicate does not fit the partition key, partitiond probe --table T shows the plan.',
    unit: 'short',
    size: [8, 8],
    queries: [
      { expr: ofTable('probe_partitions_scanned', ['probe']), legend: `${tableName} {{probe}} scanned` },
      { expr: ofTable('probe_partitions_allowed', ['probe']), legend: `${tableName} {{probe}} allowed` },
    ],
    dashed: [1],
  }),
  graphPanel({
    title: 'Planning and execution',
    description:
      'Time of each in the last run; execution only of probes that are executed. Planning that grows with the partitions: fewer, wider partitions.',
    unit: 's',
    size: [8, 8],
    queries: [
      { expr: ofTable('probe_planning_seconds', ['probe']), legend: `${tableName} {{probe}} planning` },
      { expr: ofTable('probe_execution_seconds', ['probe']), legend: `${tableName} {{probe}} execution` },
    ],
  }),
  tablePanel({
    title: 'Verdicts',
    description: 'The last verdict of each probe and when it was given. An old one: the task probe does not run.',
    size: [8, 8],
    rows: ['table', 'probe'],
    hidden: [...hidden, 'schema'],
    columns: [
      { title: 'verdict', expr: ofTable('probe_success', ['probe']), unit: 'short', words: verdict },
      { title: 'last run', expr: `${ofTable('probe_last_run_timestamp_seconds', ['probe'])} * 1000`, unit: 'dateTimeFromNow' },
    ],
    sortBy: 'verdict',
  }),
  graphPanel({
    title: 'Runs of probes',
    description: 'Missed: it cost more than it may. Failed: it could not be run, the log says why.',
    unit: 'short',
    size: [12, 7],
    queries: [{ expr: happened(`${byTable}, probe, outcome`, 'probe_runs_total', 'table'), legend: `${tableName} {{probe}} {{outcome}}` }],
    draw: 'bars',
  }),
  graphPanel({
    title: 'Statements that prune nothing',
    description:
      'Statements in pg_stat_statements that touch every partition, and on the right axis their part of the time spent on the table. partitiond advise --table T names them.',
    unit: 'short',
    size: [12, 7],
    queries: [
      { expr: ofTable('table_unpruned_statements'), legend: `${tableName} statements` },
      { expr: ofTable('table_unpruned_statement_time_ratio'), legend: `${tableName} of the time` },
    ],
    right: { queries: [1], unit: 'percentunit' },
    noValue: 'nobody could look',
  }),
];
