import type { QualifiedName } from '../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, json, nullable, number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

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
 * `$1` to `$4`, aligned: oids of partitioned tables; whether all indexes below are wanted; from how many pages an index is looked at for bloat
 * and from which share of waste it is of interest (null: never). `$5`: the smallest of those numbers of pages (null: none). One row for each
 * index of one of the tables itself, and below it for each that is wanted, invalid, or of interest; what a pending detach is about to take away,
 * and all below it, is left out.
 * Below a table of which not all is wanted the search begins at the suspects, for they are rare: one pass over pg_index for invalid ones, one
 * over pg_class for large ones, and from those up to the table; from 10,000 partitions down it would be a look-up for each.
 *
 * Definitions are built from the catalog: pg_get_indexdef and pg_get_expr take AccessShareLock on the table. Only expressions and conditions
 * cannot be had otherwise (\`definition\` is the whole CREATE INDEX then); those of a table that is locked exclusively, or that somebody waits to
 * lock so, are left unread. An index that is attached is defined as the one at the top of its tree.
 *
 * Waste of a B-tree: its pages less those that its rows would need when it was made anew. A row of it needs its header (8 bytes), its columns,
 * rounded up, and a line pointer (4); a page gives its size less 40 bytes, filled up to the fillfactor; pages above the leaves hold one row for
 * each page below. Columns of variable width have the average width that ANALYZE found, where the role may see that (pg_stats), else nothing is
 * known. Each rounding errs to more needed pages, as does that equal keys are stored once (deduplication).
 * Sources: src/include/access/itup.h, nbtree.h; postgresql.org/docs/18/view-pg-stats.html.
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
      FROM ROWS FROM (
        pg_catalog.unnest($1::pg_catalog.oid[]),
        pg_catalog.unnest($2::pg_catalog.bool[]),
        pg_catalog.unnest($3::pg_catalog.float8[]),
        pg_catalog.unnest($4::pg_catalog.float8[])
      ) WITH ORDINALITY AS w (oid, is_whole, pages, bloat, ordinal)
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
      FROM pg_catalog.pg_class AS xc
      JOIN pg_catalog.pg_index AS x ON x.indexrelid = xc.oid
      WHERE xc.relkind = 'i'
        AND xc.relpages >= $5::pg_catalog.int4
    ),
    above AS (
      SELECT s.indrelid AS relation, i.inhparent AS parent
      FROM (SELECT DISTINCT suspects.indrelid FROM suspects) AS s
      JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = s.indrelid AND NOT i.inhdetachpending
      UNION ALL
      SELECT above.relation, i.inhparent
      FROM above
      JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = above.parent AND NOT i.inhdetachpending
    ),
    chosen AS MATERIALIZED (
      SELECT wanted.ordinal, x.indexrelid, true AS is_sure
      FROM wanted
      JOIN pg_catalog.pg_index AS x ON x.indrelid = wanted.oid
      UNION ALL
      SELECT below.ordinal, x.indexrelid, true
      FROM below
      JOIN pg_catalog.pg_index AS x ON x.indrelid = below.relation
      UNION ALL
      SELECT wanted.ordinal, suspects.indexrelid, false
      FROM suspects
      JOIN above ON above.relation = suspects.indrelid
      JOIN wanted ON wanted.oid = above.parent AND NOT wanted.is_whole
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
        b.needed_pages,
        GREATEST(xc.relpages - b.needed_pages, 0) * pg_catalog.current_setting('block_size')::pg_catalog.float8 AS wasted,
        COALESCE(pg_catalog.pg_partition_root(x.indexrelid)::pg_catalog.oid, x.indexrelid) AS shape
      FROM chosen
      JOIN wanted ON wanted.ordinal = chosen.ordinal
      CROSS JOIN LATERAL (
        SELECT k.indexrelid, k.indrelid, k.indisvalid, k.indisunique, k.indkey, k.indnatts
        FROM pg_catalog.pg_index AS k
        WHERE k.indexrelid = chosen.indexrelid
        OFFSET 0
      ) AS x
      CROSS JOIN LATERAL (
        SELECT k.relname, k.relnamespace, k.relkind, k.relpages, k.reltuples, k.relam, k.reloptions
        FROM pg_catalog.pg_class AS k
        WHERE k.oid = chosen.indexrelid
        OFFSET 0
      ) AS xc
      JOIN pg_catalog.pg_am AS am ON am.oid = xc.relam
      LEFT JOIN LATERAL (
        SELECT
          leaf.pages * (1 + 2 * r.bytes / r.usable) + 2 AS needed_pages
        FROM (
          SELECT
            (SELECT pg_catalog.current_setting('block_size')::pg_catalog.float8 - 40) AS usable,
            COALESCE(
              (
                SELECT o.option_value::pg_catalog.float8 FROM pg_catalog.pg_options_to_table(xc.reloptions) AS o WHERE o.option_name = 'fillfactor'
              ),
              90
            ) / 100 AS fill,
            pg_catalog.ceil((8 + columns.bytes) / 8) * 8 + 4 AS bytes
          FROM (
            SELECT
              CASE WHEN pg_catalog.count(w.width) = pg_catalog.count(*) THEN
                pg_catalog.sum(pg_catalog.ceil(w.width / w.alignment) * w.alignment)
              END AS bytes
            FROM (
              SELECT
                CASE
                  WHEN own.attlen > 0 THEN own.attlen::pg_catalog.float8
                  ELSE (
                    SELECT pg_catalog.max(s.avg_width)
                    FROM pg_catalog.pg_class AS source
                    JOIN pg_catalog.pg_namespace AS sn ON sn.oid = source.relnamespace
                    JOIN pg_catalog.pg_attribute AS sa
                      ON sa.attrelid = source.oid
                      AND sa.attnum = CASE WHEN source.oid = x.indexrelid THEN own.attnum ELSE x.indkey[own.attnum - 1] END
                    JOIN pg_catalog.pg_stats AS s
                      ON s.schemaname = sn.nspname AND s.tablename = source.relname AND s.attname = sa.attname AND NOT s.inherited
                    WHERE source.oid = CASE WHEN x.indkey[own.attnum - 1] = 0 THEN x.indexrelid ELSE x.indrelid END
                  )
                END AS width,
                pg_catalog.max(CASE own.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END) OVER () AS alignment
              FROM pg_catalog.pg_attribute AS own
              WHERE own.attrelid = x.indexrelid
                AND own.attnum > 0
            ) AS w
          ) AS columns
        ) AS r
        CROSS JOIN LATERAL (
          SELECT pg_catalog.ceil(xc.reltuples / GREATEST(pg_catalog.floor(r.usable * r.fill / r.bytes), 1)) AS pages
        ) AS leaf
        OFFSET 0
      ) AS b ON am.amname = 'btree' AND xc.relkind = 'i' AND xc.reltuples >= 0 AND xc.relpages >= wanted.pages
      WHERE chosen.is_sure
        OR NOT x.indisvalid
        OR xc.relpages - b.needed_pages > wanted.bloat * xc.relpages
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
    CASE WHEN found.needed_pages IS NOT NULL THEN found.wasted END AS "wastedBytes"
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
