import type { Decoder } from '../../../postgres/row-decoder.ts';
import { json } from '../../../postgres/row-decoder.ts';

/**
 * One part of a definition: an SQL expression over `t`, the table's row of pg_class, for servers of `version`, and what makes a value of it. The
 * parts are columns of one statement, so that all of them see one snapshot. Locks no relation beyond AccessShare, which deparsing takes.
 */
export interface DefinitionPart<T> {
  readonly sql: (version: number) => string;
  readonly decode: Decoder<T>;
}

/** A list that the query builds as JSON with the names of `T`. `select` is an aggregate over objects. */
export function listPart<T>(select: string | ((version: number) => string)): DefinitionPart<readonly T[]> {
  return {
    sql: (version) => `COALESCE((${typeof select === 'string' ? select : select(version)}), '[]'::pg_catalog.json)`,
    decode: json((value) => value as readonly T[]),
  };
}

/** `[schema, name]` as the JSON of a qualified name. */
export function nameJson(schema: string, name: string): string {
  return `pg_catalog.json_build_object('schema', ${schema}, 'name', ${name})`;
}

/** Names of the columns of `relation` at the places that `numbers`, an int2[], lists; in that order. */
export function columnsJson(relation: string, numbers: string): string {
  return `ARRAY(
      SELECT listed.attname::pg_catalog.text
      FROM pg_catalog.unnest(${numbers}) WITH ORDINALITY AS place (attnum, ordinal)
      JOIN pg_catalog.pg_attribute AS listed ON listed.attrelid = ${relation} AND listed.attnum = place.attnum
      ORDER BY place.ordinal
    )`;
}
