import type { QualifiedName } from '../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { list, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/** Where a relation stands. */
export interface RelationPlace {
  readonly oid: string;
  readonly name: QualifiedName;
  /** The partitioned tables that it is below, at any distance, and itself where it is in such a tree; empty: it is in none. */
  readonly treeOids: readonly string[];
}

/** `$1`: oids. Relations that are gone are left out. Takes no lock on any. */
export const relationPlacesSql: NamedSql = namedSql(
  'read-relation-places',
  /* sql */ `
  SELECT
    c.oid::pg_catalog.text AS "oid",
    n.nspname AS "schema",
    c.relname AS "name",
    ARRAY(SELECT a.relid::pg_catalog.oid::pg_catalog.text FROM pg_catalog.pg_partition_ancestors(c.oid) AS a) AS "treeOids"
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = ANY ($1::pg_catalog.oid[])`,
);

interface RelationPlaceRow extends Omit<RelationPlace, 'name'> {
  readonly schema: string;
  readonly name: string;
}

const decodeRow = row<RelationPlaceRow>({ oid: text, schema: text, name: text, treeOids: list(text) });

export const decodeRelationPlace: RowDecoder<RelationPlace> = (values, queryName) => {
  const { schema, name, ...rest } = decodeRow(values, queryName);
  return { ...rest, name: { schema, name } };
};
