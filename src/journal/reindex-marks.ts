import type { QualifiedName } from '../partition/qualified-name.ts';
import { literal } from '../postgres/literal.ts';
import { qualify } from './qualify.ts';

/** An index that is about to be rebuilt. `state`: building for the end of a build of ours that was interrupted, reindexing for any other. */
export interface ReindexedIndex {
  readonly relationOid: string;
  readonly tableOid: string;
  readonly index: QualifiedName;
  readonly state: 'building' | 'reindexing';
}

/** One INSERT without semicolon. Of an index that partitiond made, what the policy asked for stays in the mark. */
export function renderBeginReindex(schema: string, { relationOid, tableOid, index, state }: ReindexedIndex): string {
  const texts = [relationOid, tableOid, index.schema, index.name, state];
  return (
    `INSERT INTO ${qualify(schema, 'index_mark')} (relation_oid, table_oid, index_schema, index_name, state) ` +
    `VALUES (${texts.map(literal).join(', ')}) ON CONFLICT (relation_oid, index_schema, index_name) ` +
    'DO UPDATE SET state = EXCLUDED.state, marked_at = EXCLUDED.marked_at'
  );
}

/**
 * One UPDATE without semicolon, that remembers how large the index is now (relpages and reltuples, which REINDEX sets; in blocks of the
 * server). An estimate of bloat that is wrong for an index would otherwise have it rebuilt by every run.
 */
export function renderEndReindex(schema: string, relationOid: string, index: QualifiedName): string {
  return (
    `UPDATE ${qualify(schema, 'index_mark')} SET state = 'built', (rebuilt_bytes, rebuilt_rows) = (` +
    "SELECT c.relpages::pg_catalog.int8 * pg_catalog.current_setting('block_size')::pg_catalog.int8, c.reltuples::pg_catalog.float8 " +
    'FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid ' +
    'JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace ' +
    'WHERE i.indrelid = relation_oid AND n.nspname = index_schema AND c.relname = index_name) ' +
    `WHERE relation_oid = ${literal(relationOid)} AND index_schema = ${literal(index.schema)} AND index_name = ${literal(index.name)}`
  );
}

/** One UPDATE without semicolon: that the index cannot be rebuilt as long as its keys are not unique. */
export function renderFailReindex(schema: string, relationOid: string, index: QualifiedName): string {
  return (
    `UPDATE ${qualify(schema, 'index_mark')} SET state = 'failed', marked_at = pg_catalog.clock_timestamp() ` +
    `WHERE relation_oid = ${literal(relationOid)} AND index_schema = ${literal(index.schema)} AND index_name = ${literal(index.name)}`
  );
}
