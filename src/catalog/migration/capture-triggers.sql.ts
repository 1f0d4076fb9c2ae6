import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { boolean, list, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/** A relation that capture looks at, with the names of its triggers. */
export interface CapturedRelation {
  readonly schema: string;
  readonly name: string;
  readonly role: 'source' | 'target' | 'partition';
  readonly triggers: readonly string[];
  readonly hasLog: boolean;
}

/** `$1`: the source's oid, `$2`: the target's, `$3`: the log's name as SQL. Takes ACCESS SHARE on the target's tree. */
export const capturedRelationsSql: NamedSql = namedSql(
  'read-captured-relations',
  /* sql */ `
  SELECT
    n.nspname AS "schema",
    c.relname AS "name",
    r.role AS "role",
    ARRAY(
      SELECT t.tgname::pg_catalog.text FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
    ) AS "triggers",
    pg_catalog.to_regclass($3::pg_catalog.text) IS NOT NULL AS "hasLog"
  FROM (
    SELECT $1::pg_catalog.oid AS oid, 'source' AS role
    UNION ALL
    SELECT p.relid, CASE WHEN p.level = 0 THEN 'target' ELSE 'partition' END
    FROM pg_catalog.pg_partition_tree($2::pg_catalog.oid) AS p
  ) AS r
  JOIN pg_catalog.pg_class AS c ON c.oid = r.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  ORDER BY r.role, n.nspname, c.relname`,
);

const role = (value: string | null): CapturedRelation['role'] => (value === 'source' || value === 'target' ? value : 'partition');

export const decodeCapturedRelation: RowDecoder<CapturedRelation> = row<CapturedRelation>({
  schema: text,
  name: text,
  role,
  triggers: list(text),
  hasLog: boolean,
});
