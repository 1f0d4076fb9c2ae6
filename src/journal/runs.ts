import type { EpochMicros } from '../partition/position.ts';
import type { Task } from '../plan/step.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { bigint, nullable, oneOf, row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { qualify } from './qualify.ts';

export interface RunStart {
  readonly runId: string;
  readonly tasks: readonly Task[];
  /** As SQL writes their names; null: every table that is configured. */
  readonly tables: readonly string[] | null;
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

export async function beginRun(session: Session, schema: string, run: RunStart, signal: AbortSignal): Promise<void> {
  const insert = namedSql(
    'begin-run',
    `INSERT INTO ${qualify(schema, 'run')} (id, tasks, who, tables) VALUES ($1::pg_catalog.uuid, $2::pg_catalog.text[], $3, $4::pg_catalog.text[])`,
  );
  await session.rows(insert, [run.runId, run.tasks, run.who, run.tables], () => null, signal);
}

/** Leaves a run alone that already has an outcome: whoever took over the leadership has marked it `interrupted`. */
export async function finishRun(session: Session, schema: string, run: RunEnd, signal: AbortSignal): Promise<void> {
  const update = namedSql(
    'finish-run',
    `UPDATE ${qualify(schema, 'run')} SET finished_at = pg_catalog.clock_timestamp(), outcome = $2, failed = $3::pg_catalog.text[] ` +
      'WHERE id = $1::pg_catalog.uuid AND outcome IS NULL',
  );
  await session.rows(update, [run.runId, run.outcome, run.failed], () => null, signal);
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
