import { byteSize } from '../format/byte-size.ts';
import { cronExpression } from '../format/cron.ts';
import { duration } from '../format/duration.ts';
import { flag, share, wholeNumber } from '../format/number.ts';
import { orFalse } from '../format/or-false.ts';
import { defaulted, type Key, optional, required, type Section, section } from './key.ts';

export type WindowKeys = { readonly cron: Key<string>; readonly for: Key<number> };

export type MaintenanceKeys = {
  readonly vacuumDeadRatio: Key<number>;
  readonly vacuumDeadRows: Key<number>;
  readonly analyzeChangedRatio: Key<number>;
  readonly analyzeChangedRows: Key<number>;
  readonly freezeAgeRatio: Key<number>;
  readonly freezeClosed: Key<boolean>;
  readonly closedFor: Key<number>;
  readonly reindexBloat: Key<number | null>;
  readonly reindexMinSize: Key<number>;
  readonly parentAnalyzeEvery: Key<number | null>;
  readonly concurrency: Key<number>;
  readonly window: Section<WindowKeys>;
  readonly costDelay: Key<number | null>;
  readonly costLimit: Key<number | null>;
  readonly maxReplicationLag: Key<number | null>;
  readonly maxLockWaiters: Key<number | null>;
};

/** Far above the rows of any partition, and still exact. */
const mostRows = 1_000_000_000_000_000;

export const windowSection: Section<WindowKeys> = section(
  'When maintenance and index builds may be at work; without it, or with `window: null`, at any time. What is at work at its end is cancelled, and due again in the next one: an index whose build takes longer than a window is never finished.',
  {
    cron: required(cronExpression, "When it opens, read in the table's `timezone`."),
    for: required(duration('1m', '24h'), 'How long it stays open.'),
  },
  true,
);

export const maintenanceSection: Section<MaintenanceKeys> = section(
  'When partitions are vacuumed, analysed, frozen and reindexed, and how hard. It is on without being written; `maintenance: false` (or null) switches it off.',
  {
    vacuumDeadRatio: defaulted(share(0, 100), 0.1, 'VACUUM of a partition with more dead rows than this share of its live ones.'),
    vacuumDeadRows: defaulted(wholeNumber(1, mostRows), 1_000_000, 'VACUUM of a partition with this many dead rows, whatever the share.'),
    analyzeChangedRatio: defaulted(
      share(0, 100),
      0.1,
      'ANALYZE of a partition in which more rows than this share of the live ones have changed since the last.',
    ),
    analyzeChangedRows: defaulted(wholeNumber(1, mostRows), 1_000_000, 'ANALYZE after this many changed rows, whatever the share.'),
    freezeAgeRatio: defaulted(
      share(0.1, 1),
      0.75,
      'VACUUM (FREEZE) at this share of `autovacuum_freeze_max_age` (or the same of multixacts), before autovacuum is forced to.',
    ),
    freezeClosed: defaulted(flag, true, 'VACUUM (FREEZE, ANALYZE) of each partition once, after it has closed.'),
    closedFor: defaulted(
      duration('0s', '365 days'),
      '1h',
      'A partition has closed when its upper bound has been over, and its rows have been unchanged, for this long. An ANALYZE is what shows the latter, so let this be shorter than the time between two of a partition; before PostgreSQL 18 that of the partitioned table, each `parentAnalyzeEvery`, is one of them all.',
    ),
    reindexBloat: defaulted(
      orFalse(share(0.1, 0.95)),
      0.5,
      'REINDEX CONCURRENTLY of a B-tree of which more than this share is estimated to be waste; `false`: only of invalid indexes.',
    ),
    reindexMinSize: defaulted(byteSize, '64 MB', 'Smaller indexes are not looked at for bloat.'),
    parentAnalyzeEvery: defaulted(
      orFalse(duration('1m', '365 days')),
      '1 day',
      'ANALYZE of the partitioned table itself, which autovacuum never does; `false`: never.',
    ),
    concurrency: defaulted(
      wholeNumber(1, 64),
      2,
      'Partitions of this table that are worked on at the same time; a database works on no more than the greatest of its tables.',
    ),
    window: windowSection,
    costDelay: optional(
      duration('0ms', '100ms'),
      "`vacuum_cost_delay` of VACUUM and ANALYZE; `0ms`: as fast as they can, which is also the server's unless somebody has set it. Autovacuum has a setting of its own, `2ms` by default.",
      "the server's",
    ),
    costLimit: optional(wholeNumber(1, 10_000), '`vacuum_cost_limit` of VACUUM and ANALYZE.', "the server's"),
    maxReplicationLag: defaulted(
      orFalse(duration('1s', '7 days')),
      '30s',
      'Nothing further is begun while a standby is further behind than this; `false`: however far. Only members of pg_monitor (or pg_read_all_stats) see how far standbys are; for another role this does nothing. Let it be longer than any `recovery_min_apply_delay`.',
    ),
    maxLockWaiters: defaulted(
      orFalse(wholeNumber(0, 10_000)),
      10,
      'Nothing further is begun while more sessions than this wait for locks; `false`: however many.',
    ),
  },
  true,
);
