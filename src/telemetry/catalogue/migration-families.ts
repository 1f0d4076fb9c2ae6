/**
 * What a table under migration is and does. From the journal, whoever runs it: phase, rows, backlog, times. Only of a process that runs it:
 * durations, replays, waits and switches. Absent where no migration was begun; once it is over the phase alone stays, for a day.
 */
export const migrationFamilies = {
  migration_phase: ['gauge', ['phase'], '1 for the phase that the migration of the table is in, 0 for the others; absent without one.'],
  migration_rows_copied_total: [
    'counter',
    [],
    'Rows copied to the partitioned table, as the journal counts them; begins anew when a TRUNCATE does.',
  ],
  migration_rows_estimated: [
    'gauge',
    [],
    'Rows that the table had by its statistics when the migration was planned; absent when it was never analysed.',
  ],
  migration_progress_ratio: ['gauge', [], 'Part of the blocks that were copied, or while verifying of the rows that were compared.'],
  migration_estimated_completion_timestamp_seconds: [
    'gauge',
    [],
    'When the copy ends at the pace of the last minute, in seconds since 1970; absent while nothing is copied.',
  ],
  migration_last_progress_timestamp_seconds: [
    'gauge',
    [],
    'Last time that a batch, a replay or a comparison was committed, or a phase began, in seconds since 1970.',
  ],
  migration_backlog_rows: ['gauge', [], 'Captured changes that are not yet replayed; exact up to 100,000, then estimated.'],
  migration_log_bytes: ['gauge', [], 'Size of the log of captured changes, in bytes.'],
  migration_oldest_unreplayed_timestamp_seconds: [
    'gauge',
    [],
    'When the oldest change that is not replayed was made, in seconds since 1970; absent when all are.',
  ],
  migration_rows_replayed_total: ['counter', [], 'Captured changes replayed by this process.'],
  migration_batch_duration_seconds: ['histogram', [], 'Duration of the batches that this process copied, in seconds.', 'lock'],
  migration_canary_commit_seconds: [
    'histogram',
    [],
    'Duration of the commits by which this process measures how fast others can write, in seconds.',
    'lock',
  ],
  migration_throttled_seconds_total: ['counter', ['reason'], 'Time that this process held the copy back, by reason, in seconds.'],
  migration_paused: ['gauge', ['reason'], '1 while the migration waits for a person, by reason, else 0.'],
  migration_rows_verified_total: ['counter', [], 'Rows that this process compared in both tables.'],
  migration_verification_mismatches: [
    'gauge',
    [],
    'Rows, and properties of the tables, that differ between both sides as last found; must be 0 before a switch.',
  ],
  migration_last_verification_timestamp_seconds: ['gauge', [], 'End of the last whole verification, in seconds since 1970; 0 = never.'],
  migration_soak_begin_timestamp_seconds: [
    'gauge',
    [],
    'When the partitioned table became live, in seconds since 1970; only from a switch to the end of the migration.',
  ],
  migration_switch_attempts_total: [
    'counter',
    ['direction', 'outcome'],
    'Attempts of this process to make the other table live; forward = the partitioned one, back = a rollback.',
  ],
  migration_switch_lock_seconds: [
    'gauge',
    ['direction'],
    'How long the last switch in a direction held its locks, in seconds; absent before the first.',
  ],
} as const;
