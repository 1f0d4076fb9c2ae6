import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { number, type RowDecoder, row } from '../postgres/row-decoder.ts';

/** Settings that size the lock table; all of them fixed at the start of the server. One row. */
export const lockSettingsSql: NamedSql = namedSql(
  'read-lock-settings',
  /* sql */ `
  SELECT
    pg_catalog.current_setting('server_version_num') AS "version",
    pg_catalog.current_setting('max_locks_per_transaction') AS "maxLocksPerTransaction",
    pg_catalog.current_setting('max_connections') AS "maxConnections",
    pg_catalog.current_setting('max_prepared_transactions') AS "maxPreparedTransactions"`,
);

export interface LockSettingsRow {
  readonly version: number;
  readonly maxLocksPerTransaction: number;
  readonly maxConnections: number;
  readonly maxPreparedTransactions: number;
}

export const decodeLockSettings: RowDecoder<LockSettingsRow> = row<LockSettingsRow>({
  version: number,
  maxLocksPerTransaction: number,
  maxConnections: number,
  maxPreparedTransactions: number,
});
