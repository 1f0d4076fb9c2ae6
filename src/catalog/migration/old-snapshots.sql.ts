import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { number, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/** A session of an application with a snapshot that outlives its statement, or may. */
export interface SnapshotHolder {
  readonly pid: number;
  readonly application: string;
  readonly user: string;
  readonly state: string;
  readonly ageMs: number;
}

const holder = /* sql */ `
  SELECT
    a.pid::pg_catalog.text AS "pid",
    COALESCE(a.application_name, '') AS "application",
    COALESCE(a.usename, '') AS "user",
    COALESCE(a.state, '') AS "state",
    COALESCE(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start) * 1000, 0)::pg_catalog.float8 AS "ageMs"
  FROM pg_catalog.pg_stat_activity AS a
  WHERE a.datname = pg_catalog.current_database()
    AND a.backend_type = 'client backend'
    AND a.backend_xmin IS NOT NULL
    AND a.pid <> pg_catalog.pg_backend_pid()`;

/** `$1`: microseconds since 1970. Snapshots of transactions that began before then, oldest first. */
export const oldSnapshotsSql: NamedSql = namedSql(
  'read-old-snapshots',
  `${holder}
    AND a.xact_start < 'epoch'::pg_catalog.timestamptz + $1::pg_catalog.int8 * interval '1 microsecond'
  ORDER BY a.xact_start, a.pid
  LIMIT 20`,
);

/**
 * Sessions that idle in a transaction and hold a snapshot all the same: at READ COMMITTED it ends with each statement, so these are at REPEATABLE
 * READ or above (or have a cursor open), and will go on to read with it.
 */
export const idleSnapshotsSql: NamedSql = namedSql(
  'read-idle-snapshots',
  `${holder}
    AND a.state IN ('idle in transaction', 'idle in transaction (aborted)')
  ORDER BY a.xact_start, a.pid
  LIMIT 20`,
);

export const decodeSnapshotHolder: RowDecoder<SnapshotHolder> = row<SnapshotHolder>({
  pid: number,
  application: text,
  user: text,
  state: text,
  ageMs: number,
});
