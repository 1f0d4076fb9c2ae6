import type { QualifiedName } from '../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { nullable, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/** Where a relation stands. */
export interface RelationPlace {
  readonly oid: string;
  readonly name: QualifiedName;
  /** The partitioned table at the top, itself for that; null: it is in no such tree. */
  readonly topOid: string | null;
}

/** `$1`: oids. Relations that are gone are left out. Takes no lock on any. */
export const relationPlacesSql: NamedSql = namedSql(
  'read-relation-places',
  /* sql */ `
  SELECT
    c.oid::pg_catalog.text AS "oid",
    n.nspname AS "schema",
    c.relname AS "name",
    pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid::pg_catalog.text AS "topOid"
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = ANY ($1::pg_catalog.oid[])`,
);

interface RelationPlaceRow extends Omit<RelationPlace, 'name'> {
  readonly schema: string;
  readonly name: string;
}

const decodeRow = row<RelationPlaceRow>({ oid: text, schema: text, name: text, topOid: nullable(text) });

export const decodeRelationPlace: RowDecoder<RelationPlace> = (values, queryName) => {
  const { schema, name, ...rest } = decodeRow(values, queryName);
  return { ...rest, name: { schema, name } };
};
