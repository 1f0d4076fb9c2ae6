import type { QualifiedName } from '../partition/qualified-name.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, nullable, number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';

/**
 * What changes when counters start anew, so that equal counters do not mean equal rows: statistics reset by hand, lost in a crash (then the
 * background writer's begin again), or those of another server, which a standby keeps for itself. Null while this session counts nothing.
 * Source: src/backend/utils/activity/pgstat.c, `pgstat_reset_after_failure` (15); pgstat.c, `pgstat_read_statsfiles` (14).
 */
export const statisticsEpochSql: NamedSql = namedSql(
  'read-statistics-epoch',
  /* sql */ `
  SELECT
    CASE WHEN pg_catalog.current_setting('track_counts')::pg_catalog.bool THEN pg_catalog.concat_ws(
      ' ',
      EXTRACT(epoch FROM pg_catalog.pg_stat_get_bgwriter_stat_reset_time()),
      EXTRACT(epoch FROM pg_catalog.pg_stat_get_db_stat_reset_time(d.oid))
    ) END AS "epoch"
  FROM pg_catalog.pg_database AS d
  WHERE d.datname = pg_catalog.current_database()`,
);

export const decodeStatisticsEpoch: RowDecoder<{ readonly epoch: string | null }> = row<{ readonly epoch: string | null }>({
  epoch: nullable(text),
});

/**
 * `$1`: oid of a table to be counted. No row when it is gone. Sizes take a lock, so there is none of a table under or before an exclusive
 * one.
 */
export const countTargetSql: NamedSql = namedSql(
  'read-count-target',
  /* sql */ `
  SELECT
    n.nspname AS "schema",
    c.relname AS "name",
    COALESCE(am.amname = 'heap', false) AS "isHeap",
    CASE WHEN NOT held.is_locked THEN
      pg_catalog.pg_relation_size(c.oid, 'main') / pg_catalog.current_setting('block_size')::pg_catalog.int8
    END AS "blocks"
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
  CROSS JOIN LATERAL (
    SELECT EXISTS (
      SELECT
      FROM pg_catalog.pg_locks AS l
      WHERE l.locktype = 'relation'
        AND l.mode = 'AccessExclusiveLock'
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
        AND (l.relation = c.oid OR l.relation IN (SELECT x.indexrelid FROM pg_catalog.pg_index AS x WHERE x.indrelid = c.oid))
    ) AS is_locked
    OFFSET 0
  ) AS held
  WHERE c.oid = $1::pg_catalog.oid`,
);

export interface CountTargetRow {
  readonly schema: string;
  readonly name: string;
  readonly isHeap: boolean;
  /** Null: somebody holds or waits for ACCESS EXCLUSIVE. */
  readonly blocks: number | null;
}

export const decodeCountTarget: RowDecoder<CountTargetRow> = row<CountTargetRow>({
  schema: text,
  name: text,
  isHeap: boolean,
  blocks: nullable(number),
});

/**
 * Counts the rows of `name`, without those below it, in its blocks from `from` to before `to` (null: to the end, however many have come).
 * Answers the oid with it, as the name may mean another table by now. A range of ctid reads only those blocks (PostgreSQL 14, TID Range
 * Scan).
 */
export function countRowsSql(name: QualifiedName, from: number, to: number | null): NamedSql {
  const table = formatQualifiedName(name);
  const limits = [
    ...(from === 0 ? [] : [`k.ctid >= '(${from},0)'::pg_catalog.tid`]),
    ...(to === null ? [] : [`k.ctid < '(${to},0)'::pg_catalog.tid`]),
  ];
  const where = limits.length === 0 ? '' : ` WHERE ${limits.join(' AND ')}`;
  return namedSql(
    'count-rows',
    /* sql */ `
    SELECT
      (SELECT pg_catalog.count(*) FROM ONLY ${table} AS k${where}) AS "rows",
      pg_catalog.to_regclass($1)::pg_catalog.oid::pg_catalog.text AS "oid"`,
  );
}

export const decodeRowsCounted: RowDecoder<{ readonly rows: number; readonly oid: string | null }> = row<{
  readonly rows: number;
  readonly oid: string | null;
}>({ rows: number, oid: nullable(text) });
