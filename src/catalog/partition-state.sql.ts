import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, nullable, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/** `$1`: oid of the partitioned table, `$2`, `$3`: schema and name of the partition. At most one row. pg_get_expr without a relation takes no lock. */
export const partitionStateSql: NamedSql = namedSql(
  'read-partition-state',
  /* sql */ `
  SELECT
    c.oid::pg_catalog.text AS "oid",
    i.inhparent::pg_catalog.text AS "parentOid",
    CASE WHEN i.inhparent IS NOT NULL THEN pg_catalog.pg_get_expr(c.relpartbound, 0) END AS "boundText",
    COALESCE(i.inhdetachpending, false) AS "isDetachPending"
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = c.oid AND i.inhparent = $1::pg_catalog.oid
  WHERE n.nspname = $2
    AND c.relname = $3
    AND c.relkind IN ('r', 'p', 'f')`,
);

export interface PartitionState {
  readonly oid: string;
  /** The table asked about; null when this is not a partition of it. */
  readonly parentOid: string | null;
  readonly boundText: string | null;
  readonly isDetachPending: boolean;
}

export const decodePartitionState: RowDecoder<PartitionState> = row<PartitionState>({
  oid: text,
  parentOid: nullable(text),
  boundText: nullable(text),
  isDetachPending: boolean,
});
