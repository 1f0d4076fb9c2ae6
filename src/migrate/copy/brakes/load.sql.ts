import { type NamedSql, namedSql } from '../../../postgres/named-sql.ts';
import { bigint, list, nullable, number, type RowDecoder, row, text } from '../../../postgres/row-decoder.ts';

/** What the server has to bear besides the copy, at a moment. */
export interface Load {
  /** End of the write-ahead log, in bytes. */
  readonly written: bigint;
  /** The slot that holds back most of it; null: no slot holds back anything. */
  readonly slot: string | null;
  readonly slotBytes: number | null;
  /** Checkpoints so far that somebody or the log's growth asked for. */
  readonly requestedCheckpoints: number;
  /** In bytes. */
  readonly maxWalSize: number;
}

/** One row. The checkpointer's counters have a view of their own since 17. */
export function loadSql(serverVersion: number): NamedSql {
  const requested =
    serverVersion >= 170_000
      ? 'c.num_requested FROM pg_catalog.pg_stat_checkpointer'
      : 'c.checkpoints_req FROM pg_catalog.pg_stat_bgwriter';
  return namedSql(
    'migration-load',
    /* sql */ `
    SELECT
      pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')::pg_catalog.text AS "written",
      s.slot_name::pg_catalog.text AS "slot",
      s.retained::pg_catalog.text AS "slotBytes",
      (SELECT ${requested} AS c)::pg_catalog.text AS "requestedCheckpoints",
      pg_catalog.pg_size_bytes(pg_catalog.current_setting('max_wal_size'))::pg_catalog.text AS "maxWalSize"
    FROM (SELECT) AS one
    LEFT JOIN LATERAL (
      SELECT
        r.slot_name,
        pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.restart_lsn) AS retained
      FROM pg_catalog.pg_replication_slots AS r
      WHERE r.restart_lsn IS NOT NULL
      ORDER BY retained DESC
      LIMIT 1
    ) AS s ON true`,
  );
}

export const decodeLoad: RowDecoder<Load> = row<Load>({
  written: bigint,
  slot: nullable(text),
  slotBytes: nullable(number),
  requestedCheckpoints: number,
  maxWalSize: number,
});

/**
 * Sessions that wait for a lock of one of the pids `$1`; most often none. Rows too: `dual` locks them. pg_blocking_pids stops the lock manager for a
 * moment, so it is asked about no more than twenty (postgresql.org/docs/18/functions-info.html); others of ours are nobody that suffers.
 */
export const waitersSql: NamedSql = namedSql(
  'migration-lock-waiters',
  /* sql */ `
  SELECT
    w.pid::pg_catalog.text AS "pid",
    w.blockers::pg_catalog.text[] AS "blockers"
  FROM (
    SELECT
      l.pid,
      pg_catalog.pg_blocking_pids(l.pid) AS blockers
    FROM (
      SELECT DISTINCT k.pid
      FROM pg_catalog.pg_locks AS k
      JOIN pg_catalog.pg_stat_activity AS a ON a.pid = k.pid AND a.datname = pg_catalog.current_database()
      WHERE NOT k.granted AND k.pid <> ALL ($1::pg_catalog.int4[])
      LIMIT 20
    ) AS l
  ) AS w
  WHERE w.blockers && $1::pg_catalog.int4[]`,
);

export interface LockWaiter {
  readonly pid: number;
  readonly blockers: readonly string[];
}

export const decodeLockWaiter: RowDecoder<LockWaiter> = row<LockWaiter>({ pid: number, blockers: list(text) });
