import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { number, type RowDecoder, row } from '../../postgres/row-decoder.ts';

/**
 * `$1`: a backend. How many other sessions wait behind it: for a lock that it holds, or that it asked for before them. pg_blocking_pids stops
 * all locking for a moment, hence it is asked only about sessions that wait for something that this backend has or wants too (a transaction
 * id, a virtual one or a relation), and of those a hundred at most, for the lock is confirmed on the same session. Any role may see both.
 */
export const blockedSessionsSql: NamedSql = namedSql(
  'count-blocked-sessions',
  /* sql */ `
  WITH
    all_locks AS MATERIALIZED (
      SELECT l.locktype, l.database, l.relation, l.transactionid, l.virtualxid, l.pid, l.granted
      FROM pg_catalog.pg_locks AS l
    ),
    waiting AS MATERIALIZED (
      SELECT DISTINCT w.pid
      FROM all_locks AS w
      JOIN all_locks AS ours ON ours.pid = $1::pg_catalog.int4
        AND ours.locktype = w.locktype
        AND ours.database IS NOT DISTINCT FROM w.database
        AND ours.relation IS NOT DISTINCT FROM w.relation
        AND ours.transactionid IS NOT DISTINCT FROM w.transactionid
        AND ours.virtualxid IS NOT DISTINCT FROM w.virtualxid
      WHERE NOT w.granted AND w.pid <> $1::pg_catalog.int4
      LIMIT 100
    )
  SELECT pg_catalog.count(*) AS "count"
  FROM waiting
  WHERE $1::pg_catalog.int4 = ANY (pg_catalog.pg_blocking_pids(waiting.pid))`,
);

export const decodeBlockedSessions: RowDecoder<{ readonly count: number }> = row<{ readonly count: number }>({ count: number });
