import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { boolean, nullable, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';

/** What the catalog and the lock table say of the relation and the index of a step. */
export interface Sight {
  /** It has the name and the oid that the step knows, and is the step's table or below it. */
  readonly isThere: boolean;
  /** Whether the session's role may VACUUM, ANALYZE and REINDEX it. */
  readonly mayMaintain: boolean;
  readonly role: string;
  readonly owner: string | null;
  /** Somebody holds, or waits for, a lock on the relation or the index behind which SHARE UPDATE EXCLUSIVE would wait. */
  readonly isLocked: boolean;
  /** Among them is autovacuum; false where the role may not see that. */
  readonly isAutovacuumed: boolean;
  /** Nearly every page is known to hold rows that all can see, which is what freezing comes to when nobody's old snapshot is in the way. */
  readonly isAllVisible: boolean;
  /** Of the index of that name on that relation; null: there is none. */
  readonly indexOid: string | null;
  readonly isIndexValid: boolean;
  readonly isIndexUnique: boolean;
  /** The index is part of the parent's that the step names. */
  readonly isAttached: boolean;
}

/**
 * `$1` relation's oid, `$2` the partitioned table's, `$3` schema and `$4` name of the relation, `$5` schema and `$6` name of the index, `$7`
 * schema and `$8` name of the parent's index (nulls: none), `$9` the lock modes that matter. One row. Locks nothing. 'MAINTAIN' is an error
 * before 17, hence the CASE (postgresql.org/docs/18/functions-info.html).
 * COPY leaves empty pages at the end of the file, which VACUUM never marks as visible to all; so few other pages that are not (a tenth, or
 * 1 MB) are no storm when they must be frozen one day.
 */
export const lookSql: NamedSql = namedSql(
  'look-before-upkeep',
  /* sql */ `
  SELECT
    COALESCE(c.oid IS NOT NULL AND EXISTS (
      SELECT FROM pg_catalog.pg_partition_ancestors(c.oid::pg_catalog.regclass) AS a WHERE a.relid = $2::pg_catalog.oid
    ), false) AS "isThere",
    COALESCE(
      pg_catalog.pg_has_role(c.relowner, 'USAGE')
      OR pg_catalog.pg_has_role(d.datdba, 'USAGE')
      OR CASE
        WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 170000
          THEN pg_catalog.has_table_privilege(c.oid, 'MAINTAIN')
        ELSE false
      END,
      false
    ) AS "mayMaintain",
    CURRENT_USER::pg_catalog.text AS "role",
    pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text AS "owner",
    COALESCE(locks."isLocked", false) AS "isLocked",
    COALESCE(locks."isAutovacuumed", false) AS "isAutovacuumed",
    COALESCE(c.relpages - c.relallvisible <= GREATEST(128, c.relpages / 10), false) AS "isAllVisible",
    i.indexrelid::pg_catalog.text AS "indexOid",
    COALESCE(i.indisvalid, false) AS "isIndexValid",
    COALESCE(i.indisunique, false) AS "isIndexUnique",
    EXISTS (
      SELECT FROM pg_catalog.pg_inherits AS h
      JOIN pg_catalog.pg_class AS pc ON pc.oid = h.inhparent
      JOIN pg_catalog.pg_namespace AS pn ON pn.oid = pc.relnamespace
      WHERE h.inhrelid = i.indexrelid AND pn.nspname = $7 AND pc.relname = $8
    ) AS "isAttached"
  FROM pg_catalog.pg_database AS d
  LEFT JOIN (pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace)
    ON c.oid = $1::pg_catalog.oid AND n.nspname = $3 AND c.relname = $4
  LEFT JOIN (
    pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace AS ns ON ns.oid = ic.relnamespace
  ) ON i.indrelid = c.oid AND ns.nspname = $5 AND ic.relname = $6
  LEFT JOIN LATERAL (
    SELECT true AS "isLocked", pg_catalog.bool_or(s.backend_type = 'autovacuum worker') AS "isAutovacuumed"
    FROM pg_catalog.pg_locks AS l
    LEFT JOIN pg_catalog.pg_stat_activity AS s ON s.pid = l.pid
    WHERE l.locktype = 'relation'
      AND l.database = d.oid
      AND l.relation IN (c.oid, i.indexrelid)
      AND l.mode = ANY ($9::pg_catalog.text[])
      AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
    HAVING pg_catalog.count(*) > 0
  ) AS locks ON true
  WHERE d.datname = pg_catalog.current_database()`,
);

export const decodeSight: RowDecoder<Sight> = row<Sight>({
  isThere: boolean,
  mayMaintain: boolean,
  role: text,
  owner: nullable(text),
  isLocked: boolean,
  isAutovacuumed: boolean,
  isAllVisible: boolean,
  indexOid: nullable(text),
  isIndexValid: boolean,
  isIndexUnique: boolean,
  isAttached: boolean,
});
