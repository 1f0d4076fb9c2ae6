/** What every process tells, leader or not. */
export const processFamilies = {
  build_info: ['gauge', ['version', 'revision', 'node_version'], 'Build metadata, always 1; revision is empty where it is unknown.'],
  config_last_reload_successful: ['gauge', [], '1 when the last load of the configuration succeeded, else 0.'],
  config_last_reload_success_timestamp_seconds: [
    'gauge',
    [],
    'Time of the last successful load of the configuration, in seconds since 1970.',
  ],
  config_reloads_total: ['counter', ['outcome'], 'Loads of the configuration by outcome, the one at start included.'],
  config_hash: ['gauge', ['database'], "First 48 bits of SHA-256 over the database's policy, as a number."],
  config_generation: [
    'gauge',
    ['database'],
    "Generation of this process's policy as the journal of the database counts them; 0 = unknown.",
  ],
  database_up: ['gauge', ['database'], '1 when the last connection attempt of this process succeeded, else 0.'],
  postgres_version_num: [
    'gauge',
    ['database'],
    'server_version_num at the last connection of this process, for example 180004; 0 = unknown.',
  ],
  postgres_in_recovery: ['gauge', ['database'], '1 when the server was a standby at the last connection of this process, else 0.'],
  leader: ['gauge', ['database'], '1 while this process leads the database, else 0.'],
  leader_epoch: ['gauge', ['database'], 'Highest leadership epoch that this process has held; 0 = none.'],
  leader_last_renewal_timestamp_seconds: [
    'gauge',
    ['database'],
    'When this process last confirmed that it holds the lock of leadership, in seconds since 1970; 0 = never.',
  ],
  leader_transitions_total: ['counter', ['database', 'reason'], 'Changes of leadership of this process, by reason.'],
  leadership_refused: ['gauge', ['database', 'reason'], '1 while this process must not lead the database for that reason, else 0.'],
  pool_connections: ['gauge', ['database', 'state'], 'Connections of this process to the database by state; waiting = being connected.'],
  statement_errors_total: ['counter', ['database', 'sqlstate_class'], 'Failed statements by the first two characters of their SQLSTATE.'],
  metrics_series: ['gauge', [], 'Series in this answer.'],
  metrics_render_seconds: ['gauge', [], 'Time that it took to write this answer, in seconds.'],
  metrics_dropped_series_total: [
    'counter',
    [],
    'Series left out for `metrics.maxSeries` or for the most partitions that a process shows, counted at every snapshot and scrape.',
  ],
} as const;
