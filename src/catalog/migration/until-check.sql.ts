import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { boolean, type RowDecoder, row } from '../../postgres/row-decoder.ts';

/** `$1`: oid of a table, `$2`: name of a CHECK. At most one row. */
export const untilCheckSql: NamedSql = namedSql(
  'read-until-check',
  /* sql */ `
  SELECT k.convalidated AS "isValid"
  FROM pg_catalog.pg_constraint AS k
  WHERE k.conrelid = $1::pg_catalog.oid
    AND k.conname = $2::pg_catalog.text
    AND k.contype = 'c'`,
);

export const decodeUntilCheck: RowDecoder<{ readonly isValid: boolean }> = row<{ readonly isValid: boolean }>({ isValid: boolean });
