import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { boolean, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/** An invalid index. */
export interface Remains {
  readonly name: string;
  /** Somebody else may be building it at this moment: he holds a lock as builds do. */
  readonly isInUse: boolean;
}

/** `$1` relation's oid, `$2` schema of its indexes, `$3` the lock modes that matter. */
export const remainsSql: NamedSql = namedSql(
  'remains-of-upkeep',
  /* sql */ `
  SELECT
    c.relname::pg_catalog.text AS "name",
    EXISTS (
      SELECT FROM pg_catalog.pg_locks AS l
      JOIN pg_catalog.pg_database AS d ON d.oid = l.database
      WHERE d.datname = pg_catalog.current_database()
        AND l.locktype = 'relation'
        AND l.relation IN (i.indrelid, i.indexrelid)
        AND l.mode = ANY ($3::pg_catalog.text[])
        AND l.granted
        AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
    ) AS "isInUse"
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE i.indrelid = $1::pg_catalog.oid AND n.nspname = $2 AND NOT i.indisvalid`,
);

export const decodeRemains: RowDecoder<Remains> = row<Remains>({ name: text, isInUse: boolean });
