import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { boolean, nullable, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/** `$1`, `$2`: schema and name. One row or none. */
export const relationSql: NamedSql = namedSql(
  'migration-relation',
  /* sql */ `
  SELECT
    c.oid::pg_catalog.text AS "oid"
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = $1::pg_catalog.text
    AND c.relname = $2::pg_catalog.text`,
);

export const decodeRelation: RowDecoder<{ readonly oid: string }> = row<{ readonly oid: string }>({ oid: text });

/** `$1`: oid of the target, `$2`: name of the guard's trigger. Its partitions by name, pending detaches left out. */
export const targetPartitionsSql: NamedSql = namedSql(
  'migration-target-partitions',
  /* sql */ `
  SELECT
    c.oid::pg_catalog.text AS "oid",
    n.nspname AS "schema",
    c.relname AS "name",
    pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS "bound",
    EXISTS (SELECT FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = $2::pg_catalog.text AND t.tgenabled = 'A') AS "hasGuard",
    (SELECT o.option_value FROM pg_catalog.pg_options_to_table(c.reloptions) AS o WHERE o.option_name = 'autovacuum_enabled') AS "autovacuum"
  FROM pg_catalog.pg_inherits AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE i.inhparent = $1::pg_catalog.oid
    AND NOT i.inhdetachpending
  ORDER BY c.relname`,
);

export interface TargetPartition {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** `FOR VALUES FROM (...) TO (...)`, or `DEFAULT`. */
  readonly bound: string;
  readonly hasGuard: boolean;
  /** As the partition's storage parameter says it; null: nothing. */
  readonly autovacuum: string | null;
}

export const decodeTargetPartition: RowDecoder<TargetPartition> = row<TargetPartition>({
  oid: text,
  schema: text,
  name: text,
  bound: text,
  hasGuard: boolean,
  autovacuum: nullable(text),
});
