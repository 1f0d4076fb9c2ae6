import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { nullable, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/**
 * `$1`: a partitioned table's oid; `$2`, `$3`: schema and name of one of its partitions, at any level. One row or none. The condition says of
 * unqualified columns which rows of a table of the same columns would be in that partition.
 */
export const partitionRowsSql: NamedSql = namedSql(
  'read-partition-rows',
  /* sql */ `
  SELECT
    pg_catalog.pg_get_partition_constraintdef(c.oid) AS "condition"
  FROM pg_catalog.pg_partition_tree($1::pg_catalog.oid::pg_catalog.regclass) AS t
  JOIN pg_catalog.pg_class AS c ON c.oid = t.relid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE t.parentrelid IS NOT NULL
    AND t.level > 0
    AND n.nspname = $2::pg_catalog.text
    AND c.relname = $3::pg_catalog.text`,
);

export interface PartitionRows {
  /** Null: all rows. */
  readonly condition: string | null;
}

export const decodePartitionRows: RowDecoder<PartitionRows> = row<PartitionRows>({ condition: nullable(text) });
