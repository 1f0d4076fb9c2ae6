import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { bigint, boolean, number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

export const serverFactsSql: NamedSql = namedSql(
  'read-server-facts',
  /* sql */ `
  SELECT
    (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::pg_catalog.int8 AS "now",
    pg_catalog.current_setting('server_version_num') AS "version",
    pg_catalog.pg_is_in_recovery() AS "isInRecovery",
    CURRENT_USER::pg_catalog.text AS "role"`,
);

export interface ServerFactsRow {
  readonly now: bigint;
  readonly version: number;
  readonly isInRecovery: boolean;
  readonly role: string;
}

export const decodeServerFacts: RowDecoder<ServerFactsRow> = row<ServerFactsRow>({
  now: bigint,
  version: number,
  isInRecovery: boolean,
  role: text,
});
