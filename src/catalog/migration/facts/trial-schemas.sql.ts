import type { QualifiedName } from '../../../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../../../postgres/named-sql.ts';
import { number, type RowDecoder, row, text } from '../../../postgres/row-decoder.ts';

/** `$1`: the comment that says whose they are. Schemas of trials that the role may drop, by name. */
export const trialSchemasSql: NamedSql = namedSql(
  'read-trial-schemas',
  /* sql */ `
  SELECT
    n.nspname AS "schema"
  FROM pg_catalog.pg_namespace AS n
  WHERE pg_catalog.obj_description(n.oid, 'pg_namespace') = $1::pg_catalog.text
    AND pg_catalog.pg_has_role(n.nspowner, 'USAGE')
  ORDER BY n.nspname`,
);

export const decodeTrialSchema: RowDecoder<{ readonly schema: string }> = row<{ readonly schema: string }>({ schema: text });

/** `$1`: a schema. The partitions in it, by name. */
export const trialPartitionsSql: NamedSql = namedSql(
  'read-trial-partitions',
  /* sql */ `
  SELECT
    n.nspname AS "schema",
    c.relname AS "name"
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = $1::pg_catalog.text
    AND c.relkind = 'r'
    AND c.relispartition
  ORDER BY c.relname`,
);

export const decodeTrialPartition: RowDecoder<QualifiedName> = row<QualifiedName>({ schema: text, name: text });

/** `$1`: oid of a partitioned table. What its partitions take, indexes and TOAST included. */
export const targetSizeSql: NamedSql = namedSql(
  'read-trial-size',
  /* sql */ `
  SELECT
    pg_catalog.count(*) AS "partitions",
    pg_catalog.count(*) FILTER (WHERE pg_catalog.pg_relation_size(i.inhrelid) > 0) AS "filled",
    COALESCE(pg_catalog.sum(pg_catalog.pg_total_relation_size(i.inhrelid)), 0) AS "bytes"
  FROM pg_catalog.pg_inherits AS i
  WHERE i.inhparent = $1::pg_catalog.oid`,
);

export interface TargetSize {
  readonly partitions: number;
  /** Those with rows. */
  readonly filled: number;
  readonly bytes: number;
}

export const decodeTargetSize: RowDecoder<TargetSize> = row<TargetSize>({ partitions: number, filled: number, bytes: number });
