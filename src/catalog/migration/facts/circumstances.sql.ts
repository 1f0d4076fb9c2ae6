import type { Circumstances } from '../../../partition/migration/circumstances.ts';
import { type NamedSql, namedSql } from '../../../postgres/named-sql.ts';
import { boolean, json, list, nullable, number, type RowDecoder, row, text } from '../../../postgres/row-decoder.ts';

/**
 * `$1`: oid of the table, `$2`: its partition key, `$3`: names asked about, `$4`: seconds from which on a transaction is long. At most one row. Sizes
 * take AccessShareLock on the table. A constraint's name is its table's own; those of the whole schema are looked at, not to confuse people. Of
 * a session whose activity the role may not see the start of its transaction is null.
 */
export const circumstancesSql: NamedSql = namedSql(
  'read-circumstances',
  /* sql */ `
  SELECT
    n.nspname AS "schema",
    t.relname AS "name",
    a.attname IS NOT NULL AS "hasKey",
    COALESCE(a.attnotnull, false) AND NOT EXISTS (
      SELECT
      FROM pg_catalog.pg_constraint AS k
      WHERE k.conrelid = t.oid
        AND k.contype = 'n'
        AND k.conkey[1] = a.attnum
        AND NOT k.convalidated
    ) AS "isKeyNotNull",
    pg_catalog.current_setting('server_version_num') AS "serverVersion",
    CURRENT_USER::pg_catalog.text AS "role",
    pg_catalog.pg_has_role(t.relowner, 'USAGE') AS "isOwner",
    COALESCE((SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.oid = t.relowner), false) AS "isOwnerSuperuser",
    pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(t.oid, 'SELECT') AS "mayRead",
    pg_catalog.has_schema_privilege(n.oid, 'CREATE') AS "mayCreateIn",
    pg_catalog.pg_relation_size(t.oid) AS "heapBytes",
    pg_catalog.pg_total_relation_size(t.oid) AS "totalBytes",
    pg_catalog.pg_relation_size(t.oid) / pg_catalog.current_setting('block_size')::pg_catalog.int8 AS "blocks",
    CASE WHEN t.reltuples >= 0 THEN t.reltuples END AS "estimatedRows",
    COALESCE((
      SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', s.slot_name,
        'retainedBytes', pg_catalog.pg_wal_lsn_diff(
          CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END, s.restart_lsn
        )
      ) ORDER BY s.slot_name)
      FROM pg_catalog.pg_replication_slots AS s
    ), '[]'::pg_catalog.json) AS "slots",
    ARRAY(
      SELECT old.description
      FROM (
        SELECT
          s.xact_start AS since,
          pg_catalog.format(
            'process %s (%s, role %s, %s), in a transaction for %s s',
            s.pid, COALESCE(NULLIF(s.application_name, ''), 'no application_name'), s.usename, s.state,
            pg_catalog.floor(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - s.xact_start))
          ) AS description
        FROM pg_catalog.pg_stat_activity AS s
        WHERE s.pid <> pg_catalog.pg_backend_pid()
          AND s.backend_type = 'client backend'
        UNION ALL
        SELECT
          x.prepared,
          pg_catalog.format(
            'prepared transaction %L (role %s, database %s), for %s s',
            x.gid, x.owner, x.database, pg_catalog.floor(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - x.prepared))
          )
        FROM pg_catalog.pg_prepared_xacts AS x
      ) AS old
      WHERE old.since < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $4::pg_catalog.float8)
      ORDER BY old.since
    ) AS "longTransactions",
    ARRAY(
      SELECT asked.name
      FROM pg_catalog.unnest($3::pg_catalog.text[]) WITH ORDINALITY AS asked (name, ordinal)
      WHERE EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.relnamespace = n.oid AND c.relname = asked.name)
        OR EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.connamespace = n.oid AND k.conname = asked.name)
        OR EXISTS (SELECT FROM pg_catalog.pg_type AS ty WHERE ty.typnamespace = n.oid AND ty.typname = asked.name)
      ORDER BY asked.ordinal
    ) AS "takenNames"
  FROM pg_catalog.pg_class AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped
  WHERE t.oid = $1::pg_catalog.oid`,
);

export interface CircumstancesRow extends Omit<Circumstances, 'minKey' | 'maxKey' | 'nullKeys' | 'readSchemas'> {
  readonly schema: string;
  readonly name: string;
  readonly hasKey: boolean;
  readonly isKeyNotNull: boolean;
}

export const decodeCircumstances: RowDecoder<CircumstancesRow> = row<CircumstancesRow>({
  schema: text,
  name: text,
  hasKey: boolean,
  isKeyNotNull: boolean,
  serverVersion: number,
  role: text,
  isOwner: boolean,
  isOwnerSuperuser: boolean,
  mayRead: boolean,
  mayCreateIn: boolean,
  heapBytes: number,
  totalBytes: number,
  blocks: number,
  estimatedRows: nullable(number),
  slots: json((value) => value as Circumstances['slots']),
  longTransactions: list(text),
  takenNames: list(text),
});

/** `relation` and `key` are SQL. ORDER BY with LIMIT rather than min(), which uuid has not; both use an index alike. */
export function keyRangeSql(relation: string, key: string, isKeyNotNull: boolean): NamedSql {
  const end = (direction: 'ASC' | 'DESC'): string =>
    `(SELECT ${key}::pg_catalog.text FROM ONLY ${relation} AS k WHERE ${key} IS NOT NULL ORDER BY ${key} ${direction} LIMIT 1)`;
  const nulls = isKeyNotNull ? '0' : `(SELECT pg_catalog.count(*) FROM ONLY ${relation} AS k WHERE ${key} IS NULL)`;
  return namedSql('read-key-range', `SELECT ${end('ASC')} AS "minKey", ${end('DESC')} AS "maxKey", ${nulls} AS "nullKeys"`);
}

export const decodeKeyRange: RowDecoder<Pick<Circumstances, 'minKey' | 'maxKey' | 'nullKeys'>> = row({
  minKey: nullable(text),
  maxKey: nullable(text),
  nullKeys: number,
});
