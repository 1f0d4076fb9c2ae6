import type { EpochMicros } from '../../partition/position.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { bigint, boolean, list, nullable, number, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/** A session (or one of its processes) that waits for a lock. */
export interface Waiter {
  readonly pid: number;
  readonly isOfDatabase: boolean;
  /** Of another task of partitiond a day: its attempts are short, yet it must not try in vain for as long as upkeep takes. */
  readonly waitedMs: number;
  /** Those that hold or have asked for, before it, what it waits for; none where that cannot be a session of ours. */
  readonly blockers: readonly string[];
}

/**
 * Whoever waits for a lock, on the whole server; most often nobody. `waitstart` is null for a moment when a wait has just begun. Only relations
 * and (by builds) transactions of this database are waited for behind upkeep, and pg_blocking_pids stops the server's lock manager for a moment:
 * it is not asked about thousands of sessions that wait for one another's rows (postgresql.org/docs/18/functions-info.html).
 */
export const waitersSql: NamedSql = namedSql(
  'watch-waiters',
  /* sql */ `
  SELECT
    l.pid::pg_catalog.text AS "pid",
    COALESCE(s.datname = pg_catalog.current_database(), false) AS "isOfDatabase",
    CASE
      WHEN s.application_name LIKE 'partitiond%' THEN 86400000
      ELSE COALESCE(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - l.waitstart) * 1000, 0)
    END::pg_catalog.float8 AS "waitedMs",
    CASE
      WHEN s.datname = pg_catalog.current_database() AND l.locktype IN ('relation', 'virtualxid')
        THEN pg_catalog.pg_blocking_pids(l.pid)::pg_catalog.text[]
      ELSE ARRAY[]::pg_catalog.text[]
    END AS "blockers"
  FROM pg_catalog.pg_locks AS l
  LEFT JOIN pg_catalog.pg_stat_activity AS s ON s.pid = l.pid
  WHERE NOT l.granted AND l.pid IS NOT NULL`,
);

export const decodeWaiter: RowDecoder<Waiter> = row<Waiter>({
  pid: number,
  isOfDatabase: boolean,
  waitedMs: number,
  blockers: list(text),
});

/** The moment, and how far the standby that is furthest behind has come. */
export interface Moment {
  /** Of the database's clock. */
  readonly now: EpochMicros;
  /** End of the write-ahead log, in bytes. */
  readonly written: bigint;
  /** Least of what standbys have replayed, in bytes; null: there are none, or the role may not see them. */
  readonly replayed: bigint | null;
  /** Greatest `replay_lag`. */
  readonly lagMs: number | null;
}

/** One row. Subscribers of logical replication are no standbys, nor is a base backup. */
export const momentSql: NamedSql = namedSql(
  'watch-moment',
  /* sql */ `
  SELECT
    (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8 AS "now",
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')::pg_catalog.text AS "written",
    pg_catalog.min(pg_catalog.pg_wal_lsn_diff(r.replay_lsn, '0/0'))::pg_catalog.text AS "replayed",
    pg_catalog.max(EXTRACT(epoch FROM r.replay_lag) * 1000)::pg_catalog.float8 AS "lagMs"
  FROM pg_catalog.pg_stat_replication AS r
  WHERE r.state IN ('streaming', 'catchup')
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_replication_slots AS s WHERE s.active_pid = r.pid AND s.slot_type = 'logical'
    )`,
);

export const decodeMoment: RowDecoder<Moment> = row<Moment>({
  now: bigint,
  written: bigint,
  replayed: nullable(bigint),
  lagMs: nullable(number),
});
