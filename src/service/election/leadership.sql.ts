import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { boolean, number, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/** Where a session has ended up: which server, which database, and whether it may be written to. */
export interface ServerIdentity {
  /** Of the cluster; a physical standby has its primary's, a restored copy keeps the original's. */
  readonly systemIdentifier: string;
  readonly databaseOid: string;
  /** `server_version_num`. */
  readonly version: number;
  readonly isInRecovery: boolean;
}

/** `pg_control_system` may be called by everybody (postgresql.org/docs/18/functions-info.html, control data functions). */
export const identitySql: NamedSql = namedSql(
  'read-server-identity',
  /* sql */ `
  SELECT
    c.system_identifier::pg_catalog.text AS "systemIdentifier",
    d.oid::pg_catalog.text AS "databaseOid",
    pg_catalog.current_setting('server_version_num') AS "version",
    pg_catalog.pg_is_in_recovery() AS "isInRecovery"
  FROM pg_catalog.pg_control_system() AS c
  CROSS JOIN pg_catalog.pg_database AS d
  WHERE d.datname = pg_catalog.current_database()`,
);

export const decodeIdentity: RowDecoder<ServerIdentity> = row<ServerIdentity>({
  systemIdentifier: text,
  databaseOid: text,
  version: number,
  isInRecovery: boolean,
});

/** Whether this backend still is the one that took the advisory lock `$1` (the two halves of the key as pg_locks shows them). */
export const holdsLockSql: NamedSql = namedSql(
  'confirm-leadership',
  /* sql */ `
  SELECT
    pg_catalog.pg_backend_pid() AS "pid",
    EXISTS (
      SELECT
      FROM pg_catalog.pg_locks AS l
      WHERE l.locktype = 'advisory'
        AND l.pid = pg_catalog.pg_backend_pid()
        AND l.granted
        AND l.objsubid = 1
        AND (l.classid::pg_catalog.int8 << 32) | l.objid::pg_catalog.int8 = $1::pg_catalog.int8
    ) AS "isHeld"`,
);

export interface LockHold {
  /** The backend that answered. */
  readonly pid: number;
  readonly isHeld: boolean;
}

export const decodeHoldsLock: RowDecoder<LockHold> = row<LockHold>({ pid: number, isHeld: boolean });
