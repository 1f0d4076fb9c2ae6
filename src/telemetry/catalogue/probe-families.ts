/** What a table's probes found when they ran last, and what the recorded statements on it touch. */
export const probeFamilies = {
  probe_success: ['gauge', ['probe'], '1 when the last run of a probe met its expectations, else 0.'],
  probe_partitions_scanned: [
    'gauge',
    ['probe'],
    'Partitions of the table left after pruning in the last run of a probe; absent when it failed.',
  ],
  probe_partitions_allowed: ['gauge', ['probe'], 'Partitions that may be left after pruning; absent when a probe does not limit them.'],
  probe_last_run_timestamp_seconds: [
    'gauge',
    ['probe'],
    'End of the last run of a probe by the clock of the database, in seconds since 1970.',
  ],
  probe_planning_seconds: ['gauge', ['probe'], 'Time that planning took in the last run of a probe, in seconds; absent when it failed.'],
  probe_execution_seconds: [
    'gauge',
    ['probe'],
    'Time that execution took in the last run of a probe, in seconds; only of probes that are executed (`analyze`).',
  ],
  probe_runs_total: [
    'counter',
    ['probe', 'outcome'],
    'Runs of a probe by outcome; missed = more partitions were left, or it took longer, than it may; failed = it could not be run.',
  ],
  table_unpruned_statements: [
    'gauge',
    [],
    'Statements in pg_stat_statements that read the table and touch every partition; looked at about every 15 minutes, absent where nobody could look.',
  ],
  table_unpruned_statement_time_ratio: [
    'gauge',
    [],
    'Part of the total time of the recorded statements on the table that those which touch every partition took.',
  ],
} as const;
