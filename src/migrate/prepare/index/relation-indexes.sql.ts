import { type NamedSql, namedSql } from '../../../postgres/named-sql.ts';
import { boolean, nullable, type RowDecoder, row, text } from '../../../postgres/row-decoder.ts';

/** `$1`: oid of a table or of one of its partitions. Its indexes by name. */
export const relationIndexesSql: NamedSql = namedSql(
  'migration-relation-indexes',
  /* sql */ `
  SELECT
    c.relname AS "name",
    x.indisvalid AS "isValid",
    parent.relname AS "parent",
    x.indisclustered AS "isClustered",
    x.indisreplident AS "isReplicaIdentity"
  FROM pg_catalog.pg_index AS x
  JOIN pg_catalog.pg_class AS c ON c.oid = x.indexrelid
  LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = c.oid
  LEFT JOIN pg_catalog.pg_class AS parent ON parent.oid = i.inhparent
  WHERE x.indrelid = $1::pg_catalog.oid
  ORDER BY c.relname`,
);

export interface RelationIndex {
  readonly name: string;
  readonly isValid: boolean;
  /** Index of the partitioned table that it is attached to. */
  readonly parent: string | null;
  readonly isClustered: boolean;
  readonly isReplicaIdentity: boolean;
}

export const decodeRelationIndex: RowDecoder<RelationIndex> = row<RelationIndex>({
  name: text,
  isValid: boolean,
  parent: nullable(text),
  isClustered: boolean,
  isReplicaIdentity: boolean,
});

/** `$1`: schema, `$2`: names. Those of them that some relation has. */
export const takenRelationsSql: NamedSql = namedSql(
  'migration-taken-relations',
  /* sql */ `
  SELECT
    c.relname AS "name"
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = $1::pg_catalog.text
    AND c.relname = ANY ($2::pg_catalog.text[])`,
);

export const decodeTakenRelation: RowDecoder<{ readonly name: string }> = row<{ readonly name: string }>({ name: text });

/** `$1`: oid of a table, `$2`: name. Whether it has a constraint of that name. */
export const constraintSql: NamedSql = namedSql(
  'migration-constraint',
  /* sql */ `
  SELECT EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = $1::pg_catalog.oid AND k.conname = $2::pg_catalog.text
  ) AS "exists"`,
);

export const decodeConstraint: RowDecoder<{ readonly exists: boolean }> = row<{ readonly exists: boolean }>({ exists: boolean });
