import type { EpochMicros } from '../partition/position.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { bigint, boolean, list, nullable, number, type RowDecoder, row, text } from '../postgres/row-decoder.ts';
import { actsAsOwner, mayMaintain } from './upkeep-privilege.ts';

/**
 * `$1`: oids of partitioned tables. `$2`, `$3`: names that indexes of them want, aligned: place of the table in `$1` (from 1) and name. `$4`: from
 * how many bytes an index is looked at for bloat (null: none is). One row for each table, also for one that is gone; none without tables. With
 * it what holds for the whole server and database and saves looking further: the age of a database is that of its oldest relation; and mostly
 * there is no invalid index, and no large one. Locks no relation.
 * Source: postgresql.org/docs/18/catalog-pg-database.html (datfrozenxid is the minimum of relfrozenxid).
 */
export const upkeepTablesSql: NamedSql = namedSql(
  'read-upkeep-tables',
  /* sql */ `
  SELECT
    w.ordinal AS "ordinal",
    c.oid IS NOT NULL AND ${mayMaintain('c')} AS "mayMaintain",
    ${actsAsOwner('c')} AS "mayCreateIndexes",
    (EXTRACT(epoch FROM GREATEST(
      pg_catalog.pg_stat_get_last_analyze_time(c.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)
    )) * 1000000)::pg_catalog.int8 AS "analyzedAt",
    pg_catalog.current_setting('autovacuum_freeze_max_age') AS "freezeMaxAge",
    pg_catalog.current_setting('autovacuum_multixact_freeze_max_age') AS "multixactFreezeMaxAge",
    (SELECT pg_catalog.age(d.datfrozenxid) FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
      AS "databaseXidAge",
    (SELECT pg_catalog.mxid_age(d.datminmxid) FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
      AS "databaseMxidAge",
    (SELECT true FROM pg_catalog.pg_index AS x WHERE NOT x.indisvalid LIMIT 1) IS NOT NULL AS "hasInvalidIndexes",
    (
      SELECT true
      FROM pg_catalog.pg_class AS xc
      WHERE xc.relkind = 'i'
        AND xc.relpages >= $4::pg_catalog.float8 / pg_catalog.current_setting('block_size')::pg_catalog.float8
      LIMIT 1
    ) IS NOT NULL AS "hasLargeIndexes",
    ARRAY(
      SELECT xc.relname::pg_catalog.text
      FROM pg_catalog.pg_index AS x
      JOIN pg_catalog.pg_class AS xc ON xc.oid = x.indexrelid
      WHERE x.indrelid = c.oid
        AND x.indisvalid
    ) AS "validIndexes",
    ARRAY(
      SELECT wanted.name
      FROM ROWS FROM (pg_catalog.unnest($2::pg_catalog.int4[]), pg_catalog.unnest($3::pg_catalog.text[])) AS wanted (ordinal, name)
      WHERE wanted.ordinal = w.ordinal
        AND EXISTS (SELECT FROM pg_catalog.pg_class AS taken WHERE taken.relname = wanted.name AND taken.relnamespace = c.relnamespace)
    ) AS "takenNames"
  FROM pg_catalog.unnest($1::pg_catalog.oid[]) WITH ORDINALITY AS w (oid, ordinal)
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = w.oid
  ORDER BY w.ordinal`,
);

export interface UpkeepTableRow {
  /** 1-based place in the request. */
  readonly ordinal: number;
  readonly mayMaintain: boolean;
  readonly mayCreateIndexes: boolean;
  /** Microseconds since 1970; null: never. */
  readonly analyzedAt: EpochMicros | null;
  /** In transactions, as the ages. */
  readonly freezeMaxAge: number;
  readonly multixactFreezeMaxAge: number;
  readonly databaseXidAge: number;
  readonly databaseMxidAge: number;
  /** Of any table of the database. */
  readonly hasInvalidIndexes: boolean;
  readonly hasLargeIndexes: boolean;
  /** Names of valid indexes of the table. */
  readonly validIndexes: readonly string[];
  /** Of the wanted names, those that some relation of the table's schema has. */
  readonly takenNames: readonly string[];
}

export const decodeUpkeepTable: RowDecoder<UpkeepTableRow> = row<UpkeepTableRow>({
  ordinal: number,
  mayMaintain: boolean,
  mayCreateIndexes: boolean,
  analyzedAt: nullable(bigint),
  freezeMaxAge: number,
  multixactFreezeMaxAge: number,
  databaseXidAge: number,
  databaseMxidAge: number,
  hasInvalidIndexes: boolean,
  hasLargeIndexes: boolean,
  validIndexes: list(text),
  takenNames: list(text),
});
