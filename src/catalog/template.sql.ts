import type { Grant, PartitionTemplate, RowPolicy } from '../partition/partition.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, json, nullable, number, oneOf, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/**
 * `$1`: oids of partitioned tables, `$2`: oids of their newest siblings (null where there is none), aligned. One row per table.
 * The replica identity is the parent's when it was set there, else the sibling's: ALTER TABLE does not pass it on, so people set either.
 * Storage parameters of a TOAST table count with the prefix `toast.`, as CREATE TABLE takes them.
 */
export const templateSql: NamedSql = namedSql(
  'read-templates',
  /* sql */ `
  SELECT
    wanted.ordinal AS "ordinal",
    pg_catalog.current_setting('server_version_num') AS "serverVersion",
    pg_catalog.pg_get_userbyid(parent.relowner) AS "owner",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
        CASE WHEN acl.grantee <> 0 THEN pg_catalog.pg_get_userbyid(acl.grantee) END, acl.privilege_type, acl.is_grantable, acl.attname
      ) ORDER BY acl.attnum, acl.ordinal)
      FROM (
        SELECT x.grantee, x.privilege_type, x.is_grantable, NULL::pg_catalog.name AS attname, 0 AS attnum, x.ordinal
        FROM pg_catalog.aclexplode(parent.relacl) WITH ORDINALITY AS x (grantor, grantee, privilege_type, is_grantable, ordinal)
        UNION ALL
        SELECT x.grantee, x.privilege_type, x.is_grantable, a.attname, a.attnum, x.ordinal
        FROM pg_catalog.pg_attribute AS a
        CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) WITH ORDINALITY AS x (grantor, grantee, privilege_type, is_grantable, ordinal)
        WHERE a.attrelid = parent.oid
          AND a.attnum > 0
          AND NOT a.attisdropped
      ) AS acl
    ), '[]'::pg_catalog.json) AS "grants",
    COALESCE((
      SELECT pg_catalog.json_agg(DISTINCT CASE WHEN x.grantee <> 0 THEN pg_catalog.pg_get_userbyid(x.grantee) END)
      FROM pg_catalog.pg_default_acl AS d
      CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS x
      WHERE d.defaclobjtype = 'r'
        AND d.defaclnamespace IN (0, parent.relnamespace)
        AND d.defaclrole = (SELECT me.oid FROM pg_catalog.pg_roles AS me WHERE me.rolname = CURRENT_USER)
        AND x.grantee NOT IN (d.defaclrole, parent.relowner)
    ), '[]'::pg_catalog.json) AS "defaultGrantees",
    parent.relrowsecurity AS "isRowSecurityEnabled",
    parent.relforcerowsecurity AS "isRowSecurityForced",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', p.polname,
        'isPermissive', p.polpermissive,
        'command', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        'roles', (
          SELECT pg_catalog.json_agg(CASE WHEN r.oid <> 0 THEN pg_catalog.pg_get_userbyid(r.oid) END ORDER BY r.ordinal)
          FROM pg_catalog.unnest(p.polroles) WITH ORDINALITY AS r (oid, ordinal)
        ),
        'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
        'withCheck', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
      ) ORDER BY p.polname)
      FROM pg_catalog.pg_policy AS p
      WHERE p.polrelid = parent.oid
    ), '[]'::pg_catalog.json) AS "policies",
    CASE identity.relreplident WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing' WHEN 'i' THEN 'index' ELSE 'default' END AS "replicaIdentity",
    (
      SELECT pg_catalog.substr(
        pg_catalog.pg_get_indexdef(x.indexrelid),
        pg_catalog.length(pg_catalog.format(
          'CREATE UNIQUE INDEX %I ON %s%I.%I ', xc.relname, CASE xc.relkind WHEN 'I' THEN 'ONLY ' ELSE '' END, xn.nspname, identity.relname
        )) + 1
      )
      FROM pg_catalog.pg_index AS x
      JOIN pg_catalog.pg_class AS xc ON xc.oid = x.indexrelid
      JOIN pg_catalog.pg_namespace AS xn ON xn.oid = xc.relnamespace
      WHERE x.indrelid = identity.oid
        AND x.indisreplident
    ) AS "replicaIndex",
    COALESCE((
      SELECT pg_catalog.json_object_agg(o.name, o.value)
      FROM (
        SELECT x.option_name AS name, COALESCE(x.option_value, 'true') AS value
        FROM pg_catalog.pg_options_to_table(sibling.reloptions) AS x
        UNION ALL
        SELECT pg_catalog.concat('toast.', x.option_name), COALESCE(x.option_value, 'true')
        FROM pg_catalog.pg_class AS toast
        CROSS JOIN LATERAL pg_catalog.pg_options_to_table(toast.reloptions) AS x
        WHERE toast.oid = sibling.reltoastrelid
      ) AS o
    ), '{}'::pg_catalog.json) AS "storage",
    (SELECT ts.spcname FROM pg_catalog.pg_tablespace AS ts WHERE ts.oid = parent.reltablespace) AS "tablespace",
    (
      SELECT am.amname
      FROM pg_catalog.pg_am AS am
      WHERE am.oid = COALESCE(NULLIF(parent.relam, 0), sibling.relam)
        AND am.amname <> pg_catalog.current_setting('default_table_access_method')
    ) AS "accessMethod",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_object('column', a.attname, 'target', a.attstattarget) ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = parent.oid
        AND a.attnum > 0
        AND NOT a.attisdropped
        AND a.attstattarget >= 0
    ), '[]'::pg_catalog.json) AS "statisticsTargets",
    EXISTS (SELECT FROM pg_catalog.pg_publication_rel AS pr WHERE pr.prrelid = sibling.oid) AS "isSiblingPublished"
  FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.oid[])) WITH ORDINALITY AS wanted (parent, sibling, ordinal)
  JOIN pg_catalog.pg_class AS parent ON parent.oid = wanted.parent
  LEFT JOIN pg_catalog.pg_class AS sibling ON sibling.oid = wanted.sibling
  JOIN pg_catalog.pg_class AS identity
    ON identity.oid = CASE WHEN parent.relreplident = 'd' THEN COALESCE(sibling.oid, parent.oid) ELSE parent.oid END
  ORDER BY wanted.ordinal`,
);

export interface TemplateRow {
  /** 1-based place in the request. */
  readonly ordinal: number;
  readonly serverVersion: number;
  readonly owner: string;
  readonly grants: readonly Grant[];
  readonly defaultGrantees: readonly (string | null)[];
  readonly isRowSecurityEnabled: boolean;
  readonly isRowSecurityForced: boolean;
  readonly policies: readonly RowPolicy[];
  readonly replicaIdentity: PartitionTemplate['replicaIdentity']['kind'];
  readonly replicaIndex: string | null;
  readonly storage: Readonly<Record<string, string>>;
  readonly tablespace: string | null;
  readonly accessMethod: string | null;
  readonly statisticsTargets: PartitionTemplate['statisticsTargets'];
  readonly isSiblingPublished: boolean;
}

function grants(value: unknown): readonly Grant[] {
  return (value as readonly (readonly [string | null, string, boolean, string | null])[]).map(
    ([grantee, privilege, isGrantable, column]) => ({
      grantee,
      privilege,
      isGrantable,
      column,
    }),
  );
}

export const decodeTemplate: RowDecoder<TemplateRow> = row<TemplateRow>({
  ordinal: number,
  serverVersion: number,
  owner: text,
  grants: json(grants),
  defaultGrantees: json((value) => value as readonly (string | null)[]),
  isRowSecurityEnabled: boolean,
  isRowSecurityForced: boolean,
  policies: json((value) => value as readonly RowPolicy[]),
  replicaIdentity: oneOf('default', 'full', 'nothing', 'index'),
  replicaIndex: nullable(text),
  storage: json((value) => value as Readonly<Record<string, string>>),
  tablespace: nullable(text),
  accessMethod: nullable(text),
  statisticsTargets: json((value) => value as PartitionTemplate['statisticsTargets']),
  isSiblingPublished: boolean,
});
