import type { EpochMicros } from '../partition/position.ts';
import type { Task } from '../plan/step.ts';
import { literal } from '../postgres/literal.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { bigint, nullable, oneOf, row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { qualify } from './qualify.ts';

export interface RunStart {
  readonly runId: string;
  readonly tasks: readonly Task[];
  /** As SQL writes their names; null: every table that is configured. */
  readonly tables: readonly string[] | null;
  /** All that were configured, likewise; absent: unknown. */
  readonly configured?: readonly string[];
  readonly who: string;
}

export interface RunEnd {
  readonly runId: string;
  readonly outcome: 'ok' | 'failed' | 'aborted';
  /** Tables that failed; null: nobody knows what became of any. */
  readonly failed: readonly string[] | null;
}

/** The latest run of one task. */
export interface LastRun {
  readonly task: string;
  readonly runId: string;
  readonly who: string;
  readonly startedAt: EpochMicros;
  /** Null while it runs. */
  readonly finishedAt: EpochMicros | null;
  /** interrupted: the process was killed and a later leader noticed. Null while it runs. */
  readonly outcome: 'ok' | 'failed' | 'aborted' | 'interrupted' | null;
  /** End of the latest run of that task that went well for all tables; null when none did. */
  readonly lastOkAt: EpochMicros | null;
}

/**
 * Opens a run. `guard` is SQL that raises unless this epoch is current; null where nothing tells who leads. Under it nobody else runs these
 * tasks, so a run of them that is still open has lost its connection, and is closed as `interrupted`.
 */
export async function beginRun(session: Session, schema: string, run: RunStart, guard: string | null, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const at = qualify(schema, 'run');
  const tasks = textArray(run.tasks);
  const closeLost =
    `UPDATE ${at} SET finished_at = pg_catalog.clock_timestamp(), outcome = 'interrupted' ` +
    `WHERE outcome IS NULL AND tasks OPERATOR(pg_catalog.&&) ${tasks}`;
  const insert =
    `/* partitiond:begin-run */ INSERT INTO ${at} (id, tasks, who, tables, configured) ` +
    `VALUES (${literal(run.runId)}, ${tasks}, ${literal(run.who)}, ${textArray(run.tables)}, ${textArray(run.configured ?? null)})`;
  await session.complete(guard === null ? [insert] : [guard, closeLost, insert], signal);
}

/**
 * Leaves a run alone that already has an outcome: whoever took over the leadership has marked it `interrupted`. `guard` as for `beginRun`.
 * Does so after an abort too, for seconds.
 */
export async function finishRun(session: Session, schema: string, run: RunEnd, guard: string | null, signal: AbortSignal): Promise<void> {
  const update =
    `/* partitiond:finish-run */ UPDATE ${qualify(schema, 'run')} SET finished_at = pg_catalog.clock_timestamp(), ` +
    `outcome = ${literal(run.outcome)}, failed = ${textArray(run.failed)} WHERE id = ${literal(run.runId)} AND outcome IS NULL`;
  await session.complete(guard === null ? [update] : [guard, update], signal);
}

function textArray(texts: readonly string[] | null): string {
  return texts === null ? 'NULL' : `ARRAY[${texts.map(literal).join(', ')}]::pg_catalog.text[]`;
}

/** The latest run of each task that ever ran, by task; empty before the first. The journal must be installed. */
export async function readLastRuns(session: Session, schema: string, signal: AbortSignal): Promise<readonly LastRun[]> {
  return await session.rows(lastRunsSql(schema), [], decodeLastRun, signal);
}

function lastRunsSql(schema: string): NamedSql {
  return namedSql(
    'read-last-runs',
    /* sql */ `
    SELECT DISTINCT ON (task.name)
      task.name AS "task",
      r.id AS "runId",
      r.who AS "who",
      (EXTRACT(epoch FROM r.started_at) * 1000000)::pg_catalog.int8 AS "startedAt",
      (EXTRACT(epoch FROM r.finished_at) * 1000000)::pg_catalog.int8 AS "finishedAt",
      r.outcome AS "outcome",
      (
        EXTRACT(
          epoch FROM pg_catalog.max(r.finished_at) FILTER (WHERE r.outcome = 'ok' AND r.tables IS NULL) OVER (PARTITION BY task.name)
        ) * 1000000
      )::pg_catalog.int8 AS "lastOkAt"
    FROM ${qualify(schema, 'run')} AS r
    CROSS JOIN LATERAL pg_catalog.unnest(r.tasks) AS task (name)
    ORDER BY task.name, r.started_at DESC, r.id`,
  );
}

const decodeLastRun = row<LastRun>({
  task: text,
  runId: text,
  who: text,
  startedAt: bigint,
  finishedAt: nullable(bigint),
  outcome: nullable(oneOf('ok', 'failed', 'aborted', 'interrupted')),
  lastOkAt: nullable(bigint),
});
