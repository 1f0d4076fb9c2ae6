import type { QualifiedName } from '../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, json, nullable, number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';
import { ancestry } from './bloated-indexes.sql.ts';

/** Relations with a lock, held or waited for, behind which whoever looks at their definition would queue. */
const isLocked = (relation: string): string => `EXISTS (SELECT FROM locked WHERE locked.relation = ${relation})`;

/**
 * A key column as pg_get_indexdef prints it, built from the catalog; that function would take AccessShareLock on the table. `a` is the column,
 * `x` the index, `k.place` counts from 0. An operator class is the default one of its type, or told.
 */
const keySql = `pg_catalog.concat(
          pg_catalog.quote_ident(a.attname),
          (
            SELECT pg_catalog.format(
              ' COLLATE %s%I', CASE WHEN cn.nspname <> 'pg_catalog' THEN pg_catalog.quote_ident(cn.nspname) || '.' END, co.collname
            )
            FROM pg_catalog.pg_collation AS co
            JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
            WHERE co.oid = x.indcollation[k.place]
              AND co.oid <> a.attcollation
          ),
          (
            SELECT pg_catalog.format(
              ' %s%I', CASE WHEN opn.nspname <> 'pg_catalog' THEN pg_catalog.quote_ident(opn.nspname) || '.' END, op.opcname
            )
            FROM pg_catalog.pg_opclass AS op
            JOIN pg_catalog.pg_namespace AS opn ON opn.oid = op.opcnamespace
            WHERE op.oid = x.indclass[k.place]
              AND (NOT op.opcdefault OR own.attoptions IS NOT NULL)
          ),
          (
            SELECT pg_catalog.format(' (%s)', pg_catalog.string_agg(pg_catalog.format('%I=%L', o.option_name, o.option_value), ', '))
            FROM pg_catalog.pg_options_to_table(own.attoptions) AS o
            HAVING pg_catalog.count(*) > 0
          ),
          CASE
            WHEN NOT am.is_ordered THEN ''
            WHEN x.indoption[k.place] & 1 = 0 THEN CASE WHEN x.indoption[k.place] & 2 <> 0 THEN ' NULLS FIRST' ELSE '' END
            WHEN x.indoption[k.place] & 2 = 0 THEN ' DESC NULLS LAST'
            ELSE ' DESC'
          END
        )`;

/**
 * `$1`, `$2`, aligned: oids of partitioned tables, and whether all indexes below are wanted. `$3`, `$4`, aligned: oids of bloated indexes, and how
 * many bytes of each are waste (bloated-indexes.sql.ts). One row for each index of one of the tables itself, and below it for each that is wanted,
 * invalid or bloated, in no order; what a pending detach is about to take away, and all below it, is left out. Below a table of which not all is
 * wanted the search begins at invalid indexes, for they are rare and found in one pass over pg_index, and goes up from there.
 *
 * Definitions are built from the catalog: pg_get_indexdef and pg_get_expr take AccessShareLock on the table. Only expressions and conditions
 * cannot be had otherwise (`definition` is the whole CREATE INDEX then); those of a table that is locked exclusively, or that somebody waits to
 * lock so, are left unread. An index that is attached is defined as the one at the top of its tree.
 *
 * Building: a session that pg_stat_progress_create_index lists holds ShareUpdateExclusiveLock (or ShareLock) on the table, as
 * CREATE INDEX and REINDEX do from beginning to end; which index is hidden from some roles, and then it may be any of them.
 */
export const upkeepIndexesSql: NamedSql = namedSql(
  'read-upkeep-indexes',
  /* sql */ `
  WITH RECURSIVE
    wanted AS MATERIALIZED (
      SELECT w.*
      FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.bool[]))
        WITH ORDINALITY AS w (oid, is_whole, ordinal)
    ),
    bloated AS MATERIALIZED (
      SELECT b.*
      FROM ROWS FROM (pg_catalog.unnest($3::pg_catalog.oid[]), pg_catalog.unnest($4::pg_catalog.float8[])) AS b (index, wasted)
    ),
    below AS (
      SELECT wanted.ordinal, i.inhrelid AS relation
      FROM wanted
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent = wanted.oid AND NOT i.inhdetachpending
      WHERE wanted.is_whole
      UNION ALL
      SELECT below.ordinal, i.inhrelid
      FROM below
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent = below.relation AND NOT i.inhdetachpending
    ),
    suspects AS MATERIALIZED (
      SELECT x.indexrelid, x.indrelid
      FROM pg_catalog.pg_index AS x
      WHERE NOT x.indisvalid
      UNION
      SELECT x.indexrelid, x.indrelid
      FROM bloated
      JOIN pg_catalog.pg_index AS x ON x.indexrelid = bloated.index
    ),
    ${ancestry('suspects')},
    chosen AS MATERIALIZED (
      SELECT c.ordinal, c.indexrelid, bloated.wasted
      FROM (
        SELECT wanted.ordinal, x.indexrelid
        FROM wanted
        JOIN pg_catalog.pg_index AS x ON x.indrelid = wanted.oid
        UNION
        SELECT below.ordinal, x.indexrelid
        FROM below
        JOIN pg_catalog.pg_index AS x ON x.indrelid = below.relation
        UNION
        SELECT wanted.ordinal, suspects.indexrelid
        FROM suspects
        JOIN above ON above.relation = suspects.indrelid
        JOIN wanted ON wanted.oid = above.parent
      ) AS c
      LEFT JOIN bloated ON bloated.index = c.indexrelid
    ),
    found AS MATERIALIZED (
      SELECT
        chosen.ordinal,
        x.indexrelid,
        x.indrelid,
        x.indisvalid,
        x.indisunique,
        xc.relname,
        xc.relnamespace,
        am.amname,
        xc.relpages * pg_catalog.current_setting('block_size')::pg_catalog.float8 AS bytes,
        chosen.wasted,
        COALESCE(pg_catalog.pg_partition_root(x.indexrelid)::pg_catalog.oid, x.indexrelid) AS shape
      FROM chosen
      JOIN pg_catalog.pg_index AS x ON x.indexrelid = chosen.indexrelid
      JOIN pg_catalog.pg_class AS xc ON xc.oid = chosen.indexrelid
      JOIN pg_catalog.pg_am AS am ON am.oid = xc.relam
    ),
    locked AS MATERIALIZED (
      SELECT DISTINCT l.relation
      FROM pg_catalog.pg_locks AS l
      WHERE l.locktype = 'relation'
        AND l.mode = 'AccessExclusiveLock'
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    ),
    building AS MATERIALIZED (
      SELECT l.relation, CASE WHEN p.command LIKE 'CREATE %' THEN NULLIF(p.index_relid, 0) END AS index
      FROM pg_catalog.pg_stat_progress_create_index AS p
      JOIN pg_catalog.pg_locks AS l ON l.pid = p.pid AND l.database = p.datid
      WHERE p.datname = pg_catalog.current_database()
        AND l.locktype = 'relation'
        AND l.mode IN ('ShareUpdateExclusiveLock', 'ShareLock')
        AND l.granted
    ),
    shapes AS MATERIALIZED (
      SELECT
        x.indexrelid,
        (x.indexprs IS NOT NULL OR x.indpred IS NOT NULL) AND ${isLocked('x.indrelid')} AS is_unread,
        CASE
          WHEN x.indexprs IS NULL OR ${isLocked('x.indrelid')} THEN NULL
          ELSE pg_catalog.pg_get_indexdef(x.indexrelid)
        END AS definition,
        CASE
          WHEN x.indpred IS NULL OR ${isLocked('x.indrelid')} THEN NULL
          ELSE pg_catalog.pg_get_expr(x.indpred, x.indrelid)
        END AS condition,
        (
          SELECT pg_catalog.json_agg(${keySql} ORDER BY k.place)
          FROM pg_catalog.generate_series(0, x.indnkeyatts - 1) AS k (place)
          JOIN pg_catalog.pg_attribute AS own ON own.attrelid = x.indexrelid AND own.attnum = k.place + 1
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[k.place]
          WHERE x.indexprs IS NULL
        ) AS keys,
        (
          SELECT pg_catalog.json_agg(a.attname ORDER BY k.place)
          FROM pg_catalog.generate_series(x.indnkeyatts, x.indnatts - 1) AS k (place)
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[k.place]
        ) AS include
      FROM (SELECT DISTINCT found.shape FROM found) AS wanted_shapes
      JOIN pg_catalog.pg_index AS x ON x.indexrelid = wanted_shapes.shape
      JOIN pg_catalog.pg_class AS xc ON xc.oid = x.indexrelid
      CROSS JOIN LATERAL (SELECT COALESCE(pg_catalog.pg_indexam_has_property(xc.relam, 'can_order'), false) AS is_ordered) AS am
    )
  SELECT
    found.ordinal AS "ordinal",
    found.indexrelid::pg_catalog.text AS "oid",
    (SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.oid = found.relnamespace) AS "schema",
    found.relname AS "name",
    found.indrelid::pg_catalog.text AS "relationOid",
    (SELECT i.inhparent::pg_catalog.text FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = found.indexrelid) AS "parentIndexOid",
    found.indisvalid AS "isValid",
    NOT found.indisvalid AND EXISTS (
      SELECT FROM building AS b WHERE b.relation = found.indrelid AND COALESCE(b.index, found.indexrelid) = found.indexrelid
    ) AS "isBuilding",
    found.indisunique AS "isUnique",
    EXISTS (
      SELECT
      FROM pg_catalog.pg_constraint AS k
      WHERE k.conrelid = found.indrelid
        AND k.conindid = found.indexrelid
        AND k.contype IN ('p', 'u', 'x')
    ) AS "isConstraint",
    found.amname AS "method",
    shapes.is_unread AS "isUnread",
    shapes.definition AS "definition",
    COALESCE(shapes.keys, '[]') AS "keys",
    COALESCE(shapes.include, '[]') AS "include",
    shapes.condition AS "where",
    found.bytes AS "bytes",
    found.wasted AS "wastedBytes"
  FROM found
  JOIN shapes ON shapes.indexrelid = found.shape`,
);

export interface UpkeepIndexRow {
  /** 1-based place of the table in the request. */
  readonly ordinal: number;
  readonly oid: string;
  readonly schema: QualifiedName['schema'];
  readonly name: QualifiedName['name'];
  readonly relationOid: string;
  readonly parentIndexOid: string | null;
  readonly isValid: boolean;
  readonly isBuilding: boolean;
  readonly isUnique: boolean;
  readonly isConstraint: boolean;
  readonly method: string;
  /** An expression or a condition could not be read for a lock; keys or `where` say nothing then. */
  readonly isUnread: boolean;
  /** CREATE INDEX as pg_get_indexdef prints it, where a key is an expression; else null, and `keys` has them. */
  readonly definition: string | null;
  readonly keys: readonly string[];
  readonly include: readonly string[];
  readonly where: string | null;
  readonly bytes: number;
  readonly wastedBytes: number | null;
}

const texts = json((value) => value as readonly string[]);

export const decodeUpkeepIndex: RowDecoder<UpkeepIndexRow> = row<UpkeepIndexRow>({
  ordinal: number,
  oid: text,
  schema: text,
  name: text,
  relationOid: text,
  parentIndexOid: nullable(text),
  isValid: boolean,
  isBuilding: boolean,
  isUnique: boolean,
  isConstraint: boolean,
  method: text,
  isUnread: boolean,
  definition: nullable(text),
  keys: texts,
  include: texts,
  where: nullable(text),
  bytes: number,
  wastedBytes: nullable(number),
});
