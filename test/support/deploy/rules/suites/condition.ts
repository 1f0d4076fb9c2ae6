import type { Series } from '../series.ts';
import type { Case, Fired, Severity, Suite } from '../suite.ts';
import { firedOfTable, ofTable, tableLabels } from './of-table.ts';

function lasting(name: string, series: readonly Series[], minute: number, fired: readonly Fired[]): Case {
  return { name, stretches: [{ pod: 'a', from: 0, series }], checks: [{ minute, fired }] };
}

function defaultRows(rows: string): Fired {
  return firedOfTable({
    severity: 'warning',
    summary: 'Rows are in a default partition: no range takes them.',
    says: ` has rows in its default partition (about ${rows}); they stand in the way of the partitions that they belong to.`,
    dashboard: 'overview',
  });
}

const rows = (value: number): Series => ({ metric: 'table_default_partition_rows', value });

export const partitionDefaultRows: Suite = {
  alert: 'PartitionDefaultRows',
  branches: [{ severity: 'warning', name: null, minutes: 15, over: [rows(1)], under: [rows(0)], alert: defaultRows('1'), ...ofTable }],
  cases: [lasting('warning: many rows are told in short', [rows(1_234_567)], 20, [defaultRows('1.235M')])],
};

const gaps = (value: number): Series => ({ metric: 'table_coverage_gaps', value });

export const partitionCoverageGap: Suite = {
  alert: 'PartitionCoverageGap',
  branches: [
    {
      severity: 'warning',
      name: null,
      minutes: 15,
      over: [gaps(1)],
      under: [gaps(0)],
      alert: firedOfTable({
        severity: 'warning',
        summary: 'A range is missing between the partitions of a table.',
        says: ' lacks ranges between its partitions (missing ranges: 1): rows for them are refused, or land in the default partition.',
        dashboard: 'overview',
      }),
      ...ofTable,
    },
  ],
};

const inState = (state: string, value: number): Series => ({ metric: 'table_partitions', labels: { state }, value });

export const partitionDetachPending: Suite = {
  alert: 'PartitionDetachPending',
  branches: [
    {
      severity: 'warning',
      name: null,
      minutes: 60,
      over: [inState('attached', 30), inState('detach-pending', 1), inState('detached', 2)],
      under: [inState('attached', 30), inState('detach-pending', 0), inState('detached', 2)],
      alert: firedOfTable({
        severity: 'warning',
        summary: 'A detach was interrupted and stays half done.',
        says: ' has partitions pending detach (1 in all): their rows are invisible through the table, and no other partition can be detached concurrently.',
        dashboard: 'table',
      }),
      ...ofTable,
    },
  ],
};

const probe = (name: string, value: number): Series => ({ metric: 'probe_success', labels: { probe: name }, value });

function missed(name: string): Fired {
  return {
    severity: 'warning',
    labels: { ...tableLabels, probe: name },
    summary: 'A query that must prune partitions does not.',
    description: (where) => `Probe ${name} of table public.orders of ${where}main missed its limits or could not be run.`,
    dashboard: 'table',
  };
}

export const partitionPruningRegression: Suite = {
  alert: 'PartitionPruningRegression',
  branches: [
    {
      severity: 'warning',
      name: null,
      minutes: 30,
      over: [probe('recent', 0)],
      under: [probe('recent', 1)],
      alert: missed('recent'),
      ...ofTable,
    },
  ],
  cases: [
    lasting('warning: of two probes only the one that missed', [probe('recent', 1), probe('by-customer', 0)], 40, [missed('by-customer')]),
  ],
};

const invalid = (value: number): Series => ({ metric: 'table_invalid_indexes', value });

export const partitionInvalidIndex: Suite = {
  alert: 'PartitionInvalidIndex',
  branches: [
    {
      severity: 'warning',
      name: null,
      minutes: 30,
      over: [invalid(1)],
      under: [invalid(0)],
      alert: firedOfTable({
        severity: 'warning',
        summary: 'An index of a partitioned table is invalid or not attached.',
        says: ' has indexes that are invalid or not attached (1 in all): they cost writes and serve no reader.',
        dashboard: 'table',
      }),
      ...ofTable,
    },
  ],
};

function freezeAge(xid: number, mxid: number): readonly Series[] {
  return [
    { metric: 'table_oldest_xid_age_transactions', value: xid },
    { metric: 'table_oldest_mxid_age_transactions', value: mxid },
  ];
}

function ageing(severity: Severity, age: string): Fired {
  return firedOfTable({
    severity,
    summary:
      severity === 'warning'
        ? 'The freeze age of a table is far beyond what vacuum should allow.'
        : 'The freeze age of a table is near the point where PostgreSQL stops taking writes.',
    says: ` has a freeze age of ${age} transactions or multixacts; near 2 billion PostgreSQL refuses to write.`,
    dashboard: 'table',
  });
}

const warned = { severity: 'warning', minutes: 30, under: freezeAge(999_000_000, 999_000_000), ...ofTable } as const;
const paged = { severity: 'critical', minutes: 5, under: freezeAge(200_000_000, 100_000_000), ...ofTable } as const;

export const partitionFreezeAgeHigh: Suite = {
  alert: 'PartitionFreezeAgeHigh',
  branches: [
    { ...warned, name: 'transactions', over: freezeAge(1_001_000_000, 5), alert: ageing('warning', '1.001G') },
    { ...warned, name: 'multixacts', over: freezeAge(5, 1_001_000_000), alert: ageing('warning', '1.001G') },
    { ...paged, name: 'transactions', over: freezeAge(1_601_000_000, 5), alert: ageing('critical', '1.601G') },
    { ...paged, name: 'multixacts', over: freezeAge(5, 1_601_000_000), alert: ageing('critical', '1.601G') },
  ],
  cases: [
    lasting('critical, transactions: just under it is a warning', freezeAge(1_599_000_000, 5), 40, [ageing('warning', '1.599G')]),
    lasting('critical, multixacts: just under it is a warning', freezeAge(5, 1_599_000_000), 40, [ageing('warning', '1.599G')]),
    lasting('critical, transactions: both tiers', freezeAge(1_601_000_000, 5), 40, [
      ageing('critical', '1.601G'),
      ageing('warning', '1.601G'),
    ]),
    lasting('critical, multixacts: both tiers', freezeAge(5, 1_601_000_000), 40, [
      ageing('critical', '1.601G'),
      ageing('warning', '1.601G'),
    ]),
  ],
};
