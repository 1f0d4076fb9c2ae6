import { plainConstraintSql } from '../../../catalog/migration/definition/constraints.sql.ts';
import type { PresentKey, PresentKeys } from '../../../ddl/migration/regrain/keys/present-keys.ts';
import { type NamedSql, namedSql } from '../../../postgres/named-sql.ts';
import { boolean, json, list, type RowDecoder, row, shaped, text } from '../../../postgres/row-decoder.ts';

const keyJson = `pg_catalog.json_build_object(
        'tableOid', k.conrelid::pg_catalog.text,
        'table', pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname),
        'name', k.conname,
        'definition', ${plainConstraintSql},
        'isValid', k.convalidated,
        'parentName', p.conname
      )`;

const keys = (condition: string): string => /* sql */ `COALESCE((
      SELECT pg_catalog.json_agg(${keyJson} ORDER BY k.conrelid, k.conname)
      FROM pg_catalog.pg_constraint AS k
      JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_constraint AS p ON p.oid = k.conparentid
      WHERE k.contype = 'f'
        AND ${condition}
    ), '[]'::pg_catalog.json)`;

/**
 * `$1` the table's oid, `$2` those of partitions that take part, `$3` the journal's schema, `$4` names of the functions of row triggers and guard, `$5`
 * how the names of rules begin. A key that references a partitioned table has one more entry for each of its partitions, which is left out. One
 * row, no locks.
 */
export const presentKeysSql: NamedSql = namedSql(
  'read-regrain-keys',
  /* sql */ `
  SELECT
    EXISTS (
      SELECT FROM pg_catalog.pg_proc AS f
      WHERE f.pronamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident($3::pg_catalog.text))
        AND f.proname = ($4::pg_catalog.text[])[1]
        AND EXISTS (SELECT FROM pg_catalog.unnest(f.proconfig) AS s (setting) WHERE s.setting ^@ 'partitiond.migration=')
    ) AS "isDual",
    EXISTS (
      SELECT FROM pg_catalog.pg_proc AS f
      WHERE f.pronamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident($3::pg_catalog.text))
        AND f.proname = ($4::pg_catalog.text[])[2]
        AND pg_catalog.strpos(f.prosrc, 'pg_trigger_depth') > 0
    ) AS "isGuardOpen",
    ARRAY(
      SELECT k.conname::pg_catalog.text
      FROM pg_catalog.pg_constraint AS k
      WHERE k.conrelid = $1::pg_catalog.oid
        AND k.contype = 'f'
        AND k.conparentid = 0
      ORDER BY k.conname
    ) AS "outgoing",
    ${keys('k.confrelid = $1::pg_catalog.oid AND k.conrelid <> $1::pg_catalog.oid AND k.conparentid = 0')} AS "incoming",
    ${keys('k.conrelid = ANY ($2::pg_catalog.oid[]) AND (k.conparentid = 0 OR p.conrelid <> k.conrelid)')} AS "members",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_object('tableOid', r.ev_class::pg_catalog.text, 'name', r.rulename) ORDER BY r.ev_class, r.rulename)
      FROM pg_catalog.pg_rewrite AS r
      WHERE r.ev_class = ANY ($2::pg_catalog.oid[])
        AND r.rulename ^@ $5::pg_catalog.text
    ), '[]'::pg_catalog.json) AS "rules"`,
);

export const decodePresentKeys: RowDecoder<PresentKeys> = row<PresentKeys>({
  isDual: boolean,
  isGuardOpen: boolean,
  outgoing: list(text),
  incoming: json(shaped<readonly PresentKey[]>),
  members: json(shaped<readonly PresentKey[]>),
  rules: json(shaped<PresentKeys['rules']>),
});
