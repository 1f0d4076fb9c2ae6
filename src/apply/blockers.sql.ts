import type { Blocker } from '../errors.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/**
 * `$1` relations as SQL quotes them and `$2` modes, side by side: who holds one of those locks. Oldest transaction first. A prepared
 * transaction has no session: pid 0, and its name where the application's would stand; so does the kind of a server process.
 * pg_prepared_xacts names the transaction id only, hence the way over the lock that each transaction holds on its own id. to_regclass takes no lock on what it names.
 */
export const blockersSql: NamedSql = namedSql(
  'read-blockers',
  /* sql */ `
  WITH all_locks AS MATERIALIZED (
    SELECT k.locktype, k.database, k.relation, k.transactionid, k.virtualtransaction, k.pid, k.mode
    FROM pg_catalog.pg_locks AS k
    WHERE k.granted
  )
  SELECT
    COALESCE(l.pid, 0)::pg_catalog.text AS "pid",
    COALESCE(NULLIF(a.application_name, ''), 'prepared transaction ' || p.gid, a.backend_type, '') AS "application",
    COALESCE(a.usename, p.owner, '') AS "user",
    l.relation AS "relation",
    l.mode AS "mode",
    COALESCE(a.state, CASE WHEN l.pid IS NULL THEN 'prepared' ELSE '' END) AS "state",
    COALESCE(
      EXTRACT(epoch FROM pg_catalog.clock_timestamp() - COALESCE(a.xact_start, p.prepared)) * 1000, 0
    )::pg_catalog.float8 AS "ageMs"
  FROM (
    SELECT DISTINCT
      k.pid,
      k.virtualtransaction,
      wanted.relation,
      k.mode
    FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) AS wanted (relation, mode)
    JOIN all_locks AS k ON k.relation = pg_catalog.to_regclass(wanted.relation)::pg_catalog.oid AND k.mode = wanted.mode
    WHERE k.locktype = 'relation'
      AND k.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
  ) AS l
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
  LEFT JOIN all_locks AS x ON l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid' AND x.virtualtransaction = l.virtualtransaction
  LEFT JOIN pg_catalog.pg_prepared_xacts AS p ON p.transaction = x.transactionid
  WHERE l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  ORDER BY "ageMs" DESC, l.pid, l.relation, l.mode
  LIMIT 20`,
);

/** Sessions whose snapshot a pending detach has to outlive, on whatever table of this database. Oldest transaction first. */
export const snapshotHoldersSql: NamedSql = namedSql(
  'read-snapshot-holders',
  /* sql */ `
  SELECT
    a.pid::pg_catalog.text AS "pid",
    COALESCE(NULLIF(a.application_name, ''), a.backend_type, '') AS "application",
    COALESCE(a.usename, '') AS "user",
    'a snapshot of the database' AS "relation",
    'Snapshot' AS "mode",
    COALESCE(a.state, '') AS "state",
    COALESCE(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start) * 1000, 0)::pg_catalog.float8 AS "ageMs"
  FROM pg_catalog.pg_stat_activity AS a
  WHERE a.datname = pg_catalog.current_database()
    AND a.backend_xmin IS NOT NULL
    AND a.pid <> pg_catalog.pg_backend_pid()
  ORDER BY "ageMs" DESC, a.pid
  LIMIT 20`,
);

export const decodeBlocker: RowDecoder<Blocker> = row<Blocker>({
  pid: number,
  application: text,
  user: text,
  relation: text,
  mode: text,
  state: text,
  ageMs: number,
});
