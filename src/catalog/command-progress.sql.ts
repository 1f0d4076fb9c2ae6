import type { CommandProgress } from '../partition/upkeep.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { number, oneOf, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/**
 * `$1`: pids, null: those of sessions whose application_name begins with `partitiond`. One row per VACUUM, ANALYZE, CREATE INDEX or REINDEX that one of
 * them runs in this database, as far as the role may see it. VACUUM tells the TOAST table while it is at that: its owner is told here. What is
 * counted depends on the phase: pages while something is scanned, tuples while a B-tree is loaded, indexes (17) while they are vacuumed, partitions
 * while a whole table is sampled, sessions while they are waited for; a phase without any count has 0 of 0. Columns that a version lacks are null in
 * its JSON. Source: postgresql.org/docs/18/progress-reporting.html.
 */
export const commandProgressSql: NamedSql = namedSql(
  'read-command-progress',
  /* sql */ `
  SELECT
    p.pid AS "pid",
    COALESCE(
      CASE WHEN c.relkind = 't' THEN (SELECT o.oid FROM pg_catalog.pg_class AS o WHERE o.reltoastrelid = c.oid) END, p.relation
    )::pg_catalog.text AS "relationOid",
    p.command AS "command",
    p.phase AS "phase",
    COALESCE(p.done, 0) AS "done",
    COALESCE(p.total, 0) AS "total"
  FROM (
    SELECT
      v.pid,
      v.relid AS relation,
      'vacuum' AS command,
      v.phase,
      CASE
        WHEN v.phase = 'scanning heap' THEN v.heap_blks_scanned
        WHEN v.phase = 'vacuuming heap' THEN v.heap_blks_vacuumed
        WHEN v.phase LIKE '% indexes' THEN (pg_catalog.to_jsonb(v) ->> 'indexes_processed')::pg_catalog.int8
      END AS done,
      CASE
        WHEN v.phase IN ('scanning heap', 'vacuuming heap') THEN v.heap_blks_total
        WHEN v.phase LIKE '% indexes' THEN (pg_catalog.to_jsonb(v) ->> 'indexes_total')::pg_catalog.int8
      END AS total
    FROM pg_catalog.pg_stat_progress_vacuum AS v
    WHERE v.datname = pg_catalog.current_database()
    UNION ALL
    SELECT
      a.pid,
      a.relid,
      'analyze',
      a.phase,
      CASE
        WHEN a.phase = 'acquiring sample rows' THEN a.sample_blks_scanned
        WHEN a.phase = 'acquiring inherited sample rows' THEN a.child_tables_done
      END,
      CASE
        WHEN a.phase = 'acquiring sample rows' THEN a.sample_blks_total
        WHEN a.phase = 'acquiring inherited sample rows' THEN a.child_tables_total
      END
    FROM pg_catalog.pg_stat_progress_analyze AS a
    WHERE a.datname = pg_catalog.current_database()
    UNION ALL
    SELECT
      b.pid,
      b.relid,
      CASE WHEN b.command LIKE 'REINDEX%' THEN 'reindex' ELSE 'create-index' END,
      b.phase,
      CASE
        WHEN b.phase LIKE 'waiting %' THEN b.lockers_done
        WHEN b.phase LIKE '%: loading tuples %' THEN b.tuples_done
        WHEN b.phase LIKE '%: scanning %' THEN b.blocks_done
      END,
      CASE
        WHEN b.phase LIKE 'waiting %' THEN b.lockers_total
        WHEN b.phase LIKE '%: loading tuples %' THEN b.tuples_total
        WHEN b.phase LIKE '%: scanning %' THEN b.blocks_total
      END
    FROM pg_catalog.pg_stat_progress_create_index AS b
    WHERE b.datname = pg_catalog.current_database()
  ) AS p
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = p.relation
  WHERE p.relation IS NOT NULL
    AND p.phase IS NOT NULL
    AND CASE
      WHEN $1::pg_catalog.int4[] IS NOT NULL THEN p.pid = ANY ($1::pg_catalog.int4[])
      ELSE EXISTS (
        SELECT FROM pg_catalog.pg_stat_activity AS s WHERE s.pid = p.pid AND pg_catalog.starts_with(s.application_name, 'partitiond')
      )
    END
  ORDER BY p.pid`,
);

export const decodeCommandProgress: RowDecoder<CommandProgress> = row<CommandProgress>({
  pid: number,
  relationOid: text,
  command: oneOf('vacuum', 'analyze', 'create-index', 'reindex'),
  phase: text,
  done: number,
  total: number,
});
