import type { QualifiedName } from '../partition/qualified-name.ts';
import type { StepKind, Task } from '../plan/step.ts';
import { literal } from '../postgres/literal.ts';
import type { Session } from '../postgres/session.ts';
import { qualify } from './qualify.ts';
import { renderTrimUpkeepMarks } from './upkeep-marks.ts';

/** What is about to be done. `id` is made by the caller (`randomUUID`), so that begin and finish can travel in the messages of the step itself. */
export interface OperationStart {
  readonly id: string;
  readonly runId: string;
  readonly task: Task;
  readonly kind: StepKind;
  readonly table: QualifiedName;
  readonly partition: QualifiedName;
  /** Bounds as literals; null for MINVALUE / MAXVALUE and for steps about no range. */
  readonly from: string | null;
  readonly to: string | null;
  readonly reason: string;
  readonly sql: readonly string[];
  /** For example `partitiond:apply host/4711`. */
  readonly who: string;
}

export interface OperationEnd {
  readonly id: string;
  readonly outcome: 'ok' | 'failed' | 'refused' | 'skipped';
  /** Message of the error, free of row values; null when there was none. */
  readonly error: string | null;
  readonly durationMs: number;
  readonly lockWaitMs: number;
  readonly lockTimeouts: number;
}

/**
 * One INSERT without semicolon, for sending in the same simple-protocol message as the step. An entry without outcome is what a killed run
 * leaves. A second one of the same id changes nothing, as attempts that fail cannot tell whether it was committed.
 */
export function renderBeginOperation(schema: string, start: OperationStart): string {
  const texts = [
    start.task,
    start.kind,
    start.table.schema,
    start.table.name,
    start.partition.schema,
    start.partition.name,
    start.from,
    start.to,
    start.reason,
  ];
  return (
    `INSERT INTO ${qualify(schema, 'operation')} (id, run_id, task, kind, table_schema, table_name, partition_schema, partition_name, ` +
    'range_from, range_to, reason, sql, who) VALUES (' +
    `${literal(start.id)}, ${literal(start.runId)}, ${texts.map(literal).join(', ')}, ` +
    `ARRAY[${start.sql.map(literal).join(', ')}]::pg_catalog.text[], ${literal(start.who)}) ON CONFLICT DO NOTHING`
  );
}

/** One UPDATE without semicolon; nothing when there is no entry of that id. Inside the step's transaction it vanishes with it, which is the truth. */
export function renderFinishOperation(schema: string, end: OperationEnd): string {
  return (
    `UPDATE ${qualify(schema, 'operation')} SET finished_at = pg_catalog.clock_timestamp(), outcome = ${literal(end.outcome)}, ` +
    `error = ${literal(end.error)}, duration_ms = ${finite(end.durationMs)}, lock_wait_ms = ${finite(end.lockWaitMs)}, ` +
    `lock_timeouts = ${finite(Math.trunc(end.lockTimeouts))} WHERE id = ${literal(end.id)}`
  );
}

function finite(value: number): string {
  return Number.isFinite(value) ? String(value) : 'NULL';
}

/**
 * Forgets operations and runs that began more than `keepMs` milliseconds ago, and tables that were detached before then and have been dropped
 * by somebody else since. Detached tables that still exist stay. Marks of upkeep go with what they are about. `guard` is SQL that raises unless this epoch is current, or null.
 */
export async function trimJournal(
  session: Session,
  schema: string,
  keepMs: number,
  guard: string | null,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const at = (table: string): string => qualify(schema, table);
  const before = `pg_catalog.clock_timestamp() - ${Math.trunc(keepMs)}::pg_catalog.int8 * interval '1 millisecond'`;
  const trim = [
    `/* partitiond:trim-journal */ DELETE FROM ${at('operation')} WHERE started_at < ${before}`,
    `DELETE FROM ${at('run')} WHERE started_at < ${before}`,
    `DELETE FROM ${at('detached_partition')} AS d WHERE d.detached_at < ${before} ` +
      'AND NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = d.oid)',
    ...renderTrimUpkeepMarks(schema),
  ];
  await session.complete(guard === null ? trim : [guard, ...trim], signal);
}
