import type { DetachedRecord } from '../partition/partition.ts';
import type { EpochMicros } from '../partition/position.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import { literal } from '../postgres/literal.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { bigint, nullable, oneOf, type RowDecoder, row, text } from '../postgres/row-decoder.ts';
import { qualify } from './qualify.ts';

/** What is written when a table is detached. `state` detaching before a DETACH CONCURRENTLY, detached once it is done. */
export interface DetachedEntry {
  readonly runId: string;
  readonly parent: QualifiedName;
  readonly parentOid: string;
  readonly oid: string;
  /** Where the table is after the step (its name in `retention.schema` after a move). */
  readonly name: QualifiedName;
  /** Literals as the codec formats them; null = MINVALUE / MAXVALUE. */
  readonly from: string | null;
  readonly to: string | null;
  readonly state: 'detaching' | 'detached';
  /** Null: never by partitiond. */
  readonly dropAfter: EpochMicros | null;
}

/** A remembered table, with what only the journal knows. */
export interface JournalledTable extends DetachedRecord {
  /** The parent's name at that time, for people. */
  readonly parent: QualifiedName;
}

/**
 * One INSERT without semicolon, for the transaction of the DETACH itself; the time of detaching is the database's clock then. An entry of the same oid is replaced: oids come round again
 * after four billion objects, and a table may be attached by hand and detached a second time.
 */
export function renderRecordDetached(schema: string, entry: DetachedEntry): string {
  const texts = [entry.parent.schema, entry.parent.name, entry.name.schema, entry.name.name, entry.from, entry.to, entry.state].map(
    literal,
  );
  const dropAfter = entry.dropAfter === null ? 'NULL' : `'epoch'::timestamptz + ${entry.dropAfter} * interval '1 microsecond'`;
  return (
    `INSERT INTO ${qualify(schema, 'detached_partition')} (oid, parent_oid, parent_schema, parent_name, schema_name, name, range_from, range_to, ` +
    'state, drop_after, run_id) VALUES (' +
    `${literal(entry.oid)}, ${literal(entry.parentOid)}, ${texts.join(', ')}, ${dropAfter}, ${literal(entry.runId)}) ` +
    'ON CONFLICT (oid) DO UPDATE SET parent_oid = EXCLUDED.parent_oid, parent_schema = EXCLUDED.parent_schema, ' +
    'parent_name = EXCLUDED.parent_name, schema_name = EXCLUDED.schema_name, name = EXCLUDED.name, range_from = EXCLUDED.range_from, ' +
    'range_to = EXCLUDED.range_to, state = EXCLUDED.state, detached_at = EXCLUDED.detached_at, drop_after = EXCLUDED.drop_after, ' +
    'run_id = EXCLUDED.run_id'
  );
}

/** One DELETE without semicolon, for the transaction of the DROP itself; nothing when there is no entry of that oid. */
export function renderForgetDetached(schema: string, oid: string): string {
  return `DELETE FROM ${qualify(schema, 'detached_partition')} WHERE oid = ${literal(oid)}`;
}

/**
 * All remembered tables, oldest first. What a migration has left is known by the migration's own row, where the journal `hasMigrations`: the entry
 * alone looks like that of a partition without bounds.
 */
export function detachedTablesSql(schema: string, hasMigrations: boolean): NamedSql {
  const isOfMigration = hasMigrations
    ? `EXISTS (
        SELECT FROM ${qualify(schema, 'migration')} AS m
        WHERE m.phase = 'finished'
          AND (m.source_oid = d.oid AND m.target_oid = d.parent_oid
            OR m.source_oid = d.parent_oid
              AND (m.spec -> 'regrain' -> 'sources')::pg_catalog.jsonb @> pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('oid', d.oid::pg_catalog.text)))
      )`
    : 'false';
  return namedSql(
    'read-detached-tables',
    /* sql */ `
    SELECT
      d.oid::pg_catalog.text AS "oid",
      d.parent_oid::pg_catalog.text AS "parentOid",
      d.parent_schema AS "parentSchema",
      d.parent_name AS "parentName",
      d.schema_name AS "schema",
      d.name AS "name",
      d.range_from AS "from",
      d.range_to AS "to",
      d.state AS "state",
      CASE WHEN ${isOfMigration} THEN 'migration' ELSE 'partition' END AS "origin",
      (EXTRACT(epoch FROM d.detached_at) * 1000000)::pg_catalog.int8 AS "detachedAt",
      (EXTRACT(epoch FROM d.drop_after) * 1000000)::pg_catalog.int8 AS "dropAfter"
    FROM ${qualify(schema, 'detached_partition')} AS d
    ORDER BY d.detached_at, d.oid`,
  );
}

interface DetachedTableRow {
  readonly oid: string;
  readonly parentOid: string;
  readonly parentSchema: string;
  readonly parentName: string;
  readonly schema: string;
  readonly name: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly state: 'detaching' | 'detached';
  readonly origin: 'partition' | 'migration';
  readonly detachedAt: bigint;
  readonly dropAfter: bigint | null;
}

const decodeRow = row<DetachedTableRow>({
  oid: text,
  parentOid: text,
  parentSchema: text,
  parentName: text,
  schema: text,
  name: text,
  from: nullable(text),
  to: nullable(text),
  state: oneOf('detaching', 'detached'),
  origin: oneOf('partition', 'migration'),
  detachedAt: bigint,
  dropAfter: nullable(bigint),
});

export const decodeDetachedTable: RowDecoder<JournalledTable> = (values, queryName) => {
  const { parentSchema, parentName, schema, name, ...rest } = decodeRow(values, queryName);
  return { ...rest, parent: { schema: parentSchema, name: parentName }, name: { schema, name } };
};
