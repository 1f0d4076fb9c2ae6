/** What the leader of a database tells of it as a whole. */
export const leaderFamilies = {
  clock_skew_seconds: ['gauge', [], 'Clock of the database minus clock of this process, in seconds.'],
  task_runs_total: ['counter', ['task', 'outcome'], 'Runs of a task by outcome.'],
  task_duration_seconds: ['histogram', ['task'], 'Duration of the runs of a task, in seconds.', 'task'],
  task_last_run_timestamp_seconds: ['gauge', ['task'], 'End of the last run of a task, in seconds since 1970.'],
  task_last_success_timestamp_seconds: [
    'gauge',
    ['task'],
    'End of the last run of a task in which no table failed, in seconds since 1970; of migrations under way now, while they go well.',
  ],
  task_last_duration_seconds: ['gauge', ['task'], 'Duration of the last run of a task, in seconds.'],
  task_in_progress: ['gauge', ['task'], '1 while a task runs, else 0.'],
  task_interval_seconds: ['gauge', ['task'], 'Longest gap between two firings of the schedule of a task in the next 31 days, in seconds.'],
  lock_wait_seconds: ['histogram', ['step'], 'Time that a step waited for its locks, failed attempts included, in seconds.', 'lock'],
  retries_total: [
    'counter',
    ['step', 'reason'],
    'Attempts of steps that failed for a reason that passes, by reason: made again at once, or after the last of a budget with the next run.',
  ],
  blocked_sessions: ['gauge', [], 'Most sessions seen at one moment waiting behind locks of partitiond in the last 60 seconds.'],
  maintenance_held: ['gauge', ['reason'], '1 while maintenance begins nothing further for the sake of others, by reason, else 0.'],
  paused: ['gauge', [], '1 while `partitiond pause` stops all tasks that change something, else 0.'],
  catalog_snapshot_timestamp_seconds: ['gauge', [], 'Time of the snapshot behind all series of tables, in seconds since 1970.'],
  collector_duration_seconds: ['gauge', ['collector'], 'Duration of the last run of a collector, in seconds.'],
  collector_success: ['gauge', ['collector'], '1 when the last run of a collector succeeded, else 0.'],
} as const;
