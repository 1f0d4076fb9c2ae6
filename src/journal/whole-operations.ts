import { literal } from '../postgres/literal.ts';
import type { OperationEnd, OperationStart } from './operations.ts';
import { qualify } from './qualify.ts';

/** An operation that is over. */
export interface WholeOperation {
  readonly start: OperationStart;
  readonly end: Omit<OperationEnd, 'id'>;
  /** Between its end and the moment at which this is written down. Milliseconds. */
  readonly endedMsAgo: number;
}

/**
 * One INSERT without semicolon, which also ends those that were begun; null: nothing to write down. For steps of which there are hundreds, that
 * are over in milliseconds and leave nothing half done: one entry each, many at a time.
 */
export function renderWholeOperations(schema: string, operations: readonly WholeOperation[]): string | null {
  if (operations.length === 0) return null;
  return (
    `INSERT INTO ${qualify(schema, 'operation')} (id, run_id, task, kind, table_schema, table_name, partition_schema, partition_name, ` +
    'range_from, range_to, reason, sql, who, started_at, finished_at, outcome, error, duration_ms, lock_wait_ms, lock_timeouts) ' +
    `VALUES ${operations.map(renderRow).join(', ')} ON CONFLICT (id) DO UPDATE SET finished_at = EXCLUDED.finished_at, ` +
    'outcome = EXCLUDED.outcome, error = EXCLUDED.error, duration_ms = EXCLUDED.duration_ms, ' +
    'lock_wait_ms = EXCLUDED.lock_wait_ms, lock_timeouts = EXCLUDED.lock_timeouts'
  );
}

function renderRow({ start, end, endedMsAgo }: WholeOperation): string {
  const { table, partition } = start;
  const names = [table.schema, table.name, partition.schema, partition.name];
  const texts = [start.id, start.runId, start.task, start.kind, ...names, start.from, start.to, start.reason].map(literal);
  const sql = `ARRAY[${start.sql.map(literal).join(', ')}]::pg_catalog.text[]`;
  const times = [ago(endedMsAgo + end.durationMs), ago(endedMsAgo)];
  const numbers = [end.durationMs, end.lockWaitMs, Math.trunc(end.lockTimeouts)].map(String);
  return `(${[...texts, sql, literal(start.who), ...times, literal(end.outcome), literal(end.error), ...numbers].join(', ')})`;
}

function ago(ms: number): string {
  return `pg_catalog.clock_timestamp() - ${Math.round(ms * 1000)}::pg_catalog.int8 * interval '1 microsecond'`;
}
