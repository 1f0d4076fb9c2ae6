import { graphPanel } from '../../parts/graph.ts';
import type { Panel, Words } from '../../parts/panel.ts';
import { tablePanel } from '../../parts/table.ts';
import { hidden, ofTable, tableName, tableRows } from './common.ts';

const never: Words = { '0': ['never', 'orange'] };

export const vacuumRow: readonly Panel[] = [
  graphPanel({
    title: 'Rows',
    description:
      'Estimated from statistics or counted (metrics.rowCounts). A cliff that retention does not explain: look at the partitions by state.',
    unit: 'short',
    size: [8, 8],
    queries: [{ expr: ofTable('table_rows'), legend: tableName }],
  }),
  graphPanel({
    title: 'Dead rows against rows',
    description:
      'Part of the rows that is dead. Over 20 % for long: autovacuum is behind or held back by an old transaction; look for it in pg_stat_activity.',
    unit: 'percentunit',
    size: [8, 8],
    queries: [
      { expr: `${ofTable('table_dead_rows')} / (${ofTable('table_rows')} + ${ofTable('table_dead_rows')} > 0)`, legend: tableName },
    ],
    limits: [[0.2, 'orange']],
  }),
  graphPanel({
    title: 'Partitions without statistics',
    description:
      'Partitions that were never analysed: the planner guesses there. Not falling to 0: the task maintenance does not get to it.',
    unit: 'short',
    size: [8, 8],
    queries: [{ expr: ofTable('table_unanalyzed_partitions'), legend: tableName }],
  }),
  graphPanel({
    title: 'Freeze ages against their limits',
    description:
      'Worst age in the tree, in transactions and in multixact ids. 1e9 is our warning, 1.6e9 the failsafe of PostgreSQL. First: old transactions, slots, prepared ones; then VACUUM (FREEZE).',
    unit: 'short',
    size: [12, 8],
    queries: [
      { expr: ofTable('table_oldest_xid_age_transactions'), legend: `${tableName} xid` },
      { expr: ofTable('table_oldest_mxid_age_transactions'), legend: `${tableName} mxid` },
    ],
    limits: [
      [1e9, 'orange'],
      [1.6e9, 'red'],
    ],
  }),
  tablePanel({
    title: 'Stalest vacuum and analyze',
    description:
      'The partition where each is longest ago, and the partitioned table itself, which autovacuum never analyses. Never or long ago: is the task maintenance on, and does it succeed?',
    size: [12, 8],
    rows: tableRows,
    hidden,
    columns: [
      { title: 'vacuum', expr: `${ofTable('table_oldest_vacuum_timestamp_seconds')} * 1000`, unit: 'dateTimeFromNow', words: never },
      { title: 'analyze', expr: `${ofTable('table_oldest_analyze_timestamp_seconds')} * 1000`, unit: 'dateTimeFromNow', words: never },
      {
        title: 'parent analyze',
        expr: `${ofTable('table_parent_analyze_timestamp_seconds')} * 1000`,
        unit: 'dateTimeFromNow',
        words: never,
      },
    ],
    sortBy: 'vacuum',
  }),
];
