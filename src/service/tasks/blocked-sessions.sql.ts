import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { nullable, number, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/**
 * `$1`: a backend. How many other sessions wait behind it, for a lock that it holds, or that it asked for before them; of the one that waits
 * longest, for how long (milliseconds) and for what. pg_blocking_pids stops
 * all locking for a moment, hence it is asked only about sessions that wait for something that this backend has or wants too (a transaction
 * id, a virtual one or a relation), and of those a hundred at most, for the lock is confirmed on the same session. Any role may see both.
 */
export const blockedSessionsSql: NamedSql = namedSql(
  'count-blocked-sessions',
  /* sql */ `
  WITH
    all_locks AS MATERIALIZED (
      SELECT l.locktype, l.database, l.relation, l.transactionid, l.virtualxid, l.pid, l.granted, l.mode, l.waitstart
      FROM pg_catalog.pg_locks AS l
    ),
    waiting AS MATERIALIZED (
      SELECT DISTINCT w.pid, w.locktype, w.relation, w.mode, w.waitstart
      FROM all_locks AS w
      JOIN all_locks AS ours ON ours.pid = $1::pg_catalog.int4
        AND ours.locktype = w.locktype
        AND ours.database IS NOT DISTINCT FROM w.database
        AND ours.relation IS NOT DISTINCT FROM w.relation
        AND ours.transactionid IS NOT DISTINCT FROM w.transactionid
        AND ours.virtualxid IS NOT DISTINCT FROM w.virtualxid
      WHERE NOT w.granted AND w.pid <> $1::pg_catalog.int4
      LIMIT 100
    ),
    blocked AS MATERIALIZED (
      SELECT w.locktype, w.relation, w.mode, w.waitstart
      FROM waiting AS w
      WHERE $1::pg_catalog.int4 = ANY (pg_catalog.pg_blocking_pids(w.pid))
    )
  SELECT
    (SELECT pg_catalog.count(*) FROM blocked) AS "count",
    (EXTRACT(epoch FROM pg_catalog.clock_timestamp() - longest.waitstart) * 1000)::pg_catalog.int8 AS "waitedMs",
    longest.mode || COALESCE(
      ' on ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), ' on a ' || longest.locktype
    ) AS "lock"
  FROM (SELECT) AS always
  LEFT JOIN (SELECT * FROM blocked AS b ORDER BY b.waitstart LIMIT 1) AS longest ON true
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = longest.relation
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace`,
);

export interface BlockedSessions {
  readonly count: number;
  /** Null: nobody waits, or has only just begun to. */
  readonly waitedMs: number | null;
  /** For example `AccessExclusiveLock on public.revenues`. */
  readonly lock: string | null;
}

export const decodeBlockedSessions: RowDecoder<BlockedSessions> = row<BlockedSessions>({
  count: number,
  waitedMs: nullable(number),
  lock: nullable(text),
});
