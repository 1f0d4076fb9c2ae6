import { type ColumnRef, type MigrationSpec, positionColumns } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';

/** A column of the log and the column of both sides that it holds. */
export interface LogColumn {
  /** `k1` and so on for the key, `p` for a partition key that is not in it; needs no quotes. */
  readonly log: string;
  readonly column: ColumnRef;
}

/** The log of one migration, in the journal's schema. */
export function captureLog(journalSchema: string, id: string): QualifiedName {
  return { schema: journalSchema, name: `capture_${id}` };
}

/** One for each column of a position, in its order. */
export function logColumns(spec: MigrationSpec): readonly LogColumn[] {
  return positionColumns(spec).map((column, index) => ({ log: index < spec.key.length ? `k${index + 1}` : 'p', column }));
}

/**
 * The log: positions where both sides may differ, and a row of kind `truncate` where more than rows went (`detail`: the condition on the table's
 * columns that they all met; null: every row). One log serves both directions. No index but one that is empty as good as always: nothing is
 * looked up by key, and each would be paid for by every write of the application. Replay deletes what it has done, so vacuum comes often. With
 * a publication of all tables, deletes need a replica identity.
 */
export function renderCreateLog(spec: MigrationSpec, journalSchema: string, id: string): readonly string[] {
  const log = captureLog(journalSchema, id);
  const name = formatQualifiedName(log);
  const columns = [
    'seq pg_catalog.int8 GENERATED ALWAYS AS IDENTITY (CACHE 32)',
    'xid pg_catalog.xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id()',
    'at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.statement_timestamp()',
    "kind pg_catalog.text NOT NULL DEFAULT 'row' CHECK (kind IN ('row', 'truncate'))",
    'detail pg_catalog.text',
    ...logColumns(spec).map(({ log: own, column }) => {
      return `${own} ${column.type}${column.collation === null ? '' : ` COLLATE ${column.collation}`}`;
    }),
  ];
  const storage = ['autovacuum_vacuum_scale_factor = 0', 'autovacuum_vacuum_threshold = 20000', 'autovacuum_vacuum_cost_delay = 0'];
  return [
    `CREATE TABLE ${name} (\n  ${columns.join(',\n  ')}\n) WITH (${storage.join(', ')})`,
    `CREATE INDEX ${quoteIdentifier(`${log.name}_truncate`)} ON ${name} (seq) WHERE kind = 'truncate'`,
    `ALTER TABLE ${name} REPLICA IDENTITY FULL`,
    `REVOKE ALL ON ${name} FROM PUBLIC`,
  ];
}
