import type { Series } from '../series.ts';
import type { Fired, Severity, Suite } from '../suite.ts';
import { firedOfTable, ofTable } from './of-table.ts';

const day = 86_400;

function phase(name: string): Series {
  return { metric: 'migration_phase', labels: { phase: name }, value: 1 };
}

function since(metric: string, secondsAgo: number): Series {
  return { metric, value: { fromNow: -secondsAgo } };
}

function fired(severity: Severity, summary: string, says: string): Fired {
  return firedOfTable({ severity, summary, says, dashboard: 'table' });
}

const stalled = fired('warning', 'A migration makes no progress.', ': for 30m 30s nothing was copied, replayed or compared.');
const idle = since('migration_last_progress_timestamp_seconds', 1830);

export const partitiondMigrationStalled: Suite = {
  alert: 'PartitiondMigrationStalled',
  branches: [
    {
      severity: 'warning',
      name: null,
      minutes: 15,
      over: [idle, phase('backfill')],
      under: [since('migration_last_progress_timestamp_seconds', 1770), phase('backfill')],
      alert: stalled,
      policy: ['migration_phase'],
      ...ofTable,
    },
  ],
  cases: [
    ...['catch-up', 'verify'].map((name) => ({
      name: `warning: in phase ${name}`,
      stretches: [{ pod: 'a', from: 0, series: [idle, phase(name)] }],
      checks: [{ minute: 20, fired: [stalled] }],
    })),
    ...['ready', 'switched'].map((name) => ({
      name: `warning: quiet in phase ${name}, where nothing may be to do`,
      stretches: [{ pod: 'a', from: 0, series: [idle, phase(name)] }],
      checks: [{ minute: 20, fired: [] }],
    })),
    ...[
      { reason: 'window', fires: [] },
      { reason: 'load', fires: [stalled] },
    ].map(({ reason, fires }) => ({
      name: `warning: ${fires.length === 0 ? 'quiet' : 'fires'} while the brake ${reason} holds the copy`,
      stretches: [
        {
          pod: 'a',
          from: 0,
          series: [idle, phase('backfill'), { metric: 'migration_throttled_seconds_total', labels: { reason }, value: '0+60x40' }],
        },
      ],
      checks: [{ minute: 20, fired: fires }],
    })),
  ],
};

export const partitiondMigrationMismatch: Suite = {
  alert: 'PartitiondMigrationMismatch',
  branches: [
    {
      severity: 'critical',
      name: null,
      minutes: 0,
      over: [{ metric: 'migration_verification_mismatches', value: 1 }],
      under: [{ metric: 'migration_verification_mismatches', value: 0 }],
      alert: fired(
        'critical',
        'Both tables of a migration differ.',
        ': 1 rows or properties of the two tables of the migration differ where they must not. The switch is blocked.',
      ),
      ...ofTable,
    },
  ],
};

export const partitiondMigrationBacklog: Suite = {
  alert: 'PartitiondMigrationBacklog',
  branches: [
    {
      severity: 'warning',
      name: null,
      minutes: 15,
      over: [since('migration_oldest_unreplayed_timestamp_seconds', 630), phase('switched')],
      under: [since('migration_oldest_unreplayed_timestamp_seconds', 570), phase('switched')],
      alert: fired(
        'warning',
        'A migration no longer keeps its tables in sync.',
        ': the oldest captured change that is not replayed is 10m 30s old. The log grows, and the table that follows falls behind.',
      ),
      policy: ['migration_phase'],
      ...ofTable,
    },
  ],
  cases: [
    {
      name: 'warning: quiet while rows are copied',
      stretches: [{ pod: 'a', from: 0, series: [since('migration_oldest_unreplayed_timestamp_seconds', 630), phase('backfill')] }],
      checks: [{ minute: 20, fired: [] }],
    },
  ],
};

export const partitiondMigrationSoakLong: Suite = {
  alert: 'PartitiondMigrationSoakLong',
  branches: [
    {
      severity: 'warning',
      name: null,
      minutes: 60,
      over: [since('migration_soak_begin_timestamp_seconds', 14 * day + 60)],
      under: [since('migration_soak_begin_timestamp_seconds', 14 * day - 60)],
      alert: fired(
        'warning',
        'A migration was switched more than 14 days ago and not finished.',
        ': the partitioned table is live for 14d 0h 1m 0s, and the old one is still kept in sync.',
      ),
      ...ofTable,
    },
  ],
};
