import type { SeenMigration } from '../../migrate/run/read-seen.ts';
import type { MigrationStatus } from '../../partition/migration/status.ts';
import type { EpochMicros } from '../../partition/position.ts';
import type { EventName } from '../metric-catalogue.ts';

type Values = readonly (readonly [EventName, number | null])[];

/** Families with one series for each table. */
export const gaugeNames: readonly EventName[] = [
  'migration_rows_copied_total',
  'migration_rows_replayed_total',
  'migration_rows_verified_total',
  'migration_batch_duration_seconds',
  'migration_canary_commit_seconds',
  'migration_rows_estimated',
  'migration_progress_ratio',
  'migration_estimated_completion_timestamp_seconds',
  'migration_last_progress_timestamp_seconds',
  'migration_backlog_rows',
  'migration_log_bytes',
  'migration_oldest_unreplayed_timestamp_seconds',
  'migration_verification_mismatches',
  'migration_last_verification_timestamp_seconds',
  'migration_soak_begin_timestamp_seconds',
];

/** Null: not known, and absent. Of what a running engine tells each second, too. */
export function statusValues(status: MigrationStatus, nowSeconds: number = Date.now() / 1_000): Values {
  const { etaSeconds } = status;
  return [
    ['migration_rows_estimated', status.rowsEstimated],
    ['migration_progress_ratio', status.progress],
    ['migration_estimated_completion_timestamp_seconds', etaSeconds === null ? null : nowSeconds + etaSeconds],
    ['migration_backlog_rows', status.backlogRows],
    ['migration_log_bytes', status.logBytes],
    ['migration_oldest_unreplayed_timestamp_seconds', seconds(status.oldestUnreplayedAt)],
    ['migration_last_verification_timestamp_seconds', seconds(status.verdict?.at ?? null) ?? 0],
  ];
}

/** What only the journal's row says. */
export function recordValues({ record, mismatches }: SeenMigration): Values {
  const { verdict, progressAt, live, switchedAt } = record;
  return [
    ['migration_last_progress_timestamp_seconds', seconds(progressAt)],
    ['migration_verification_mismatches', mismatches + (verdict?.differences.length ?? 0)],
    ['migration_soak_begin_timestamp_seconds', live === 'target' ? seconds(switchedAt) : null],
  ];
}

function seconds(at: EpochMicros | null): number | null {
  return at === null ? null : Number(at) / 1e6;
}
