import type { EpochMicros } from '../partition/position.ts';
import type { Task } from '../plan/step.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { bigint, nullable, number, row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { qualify } from './qualify.ts';

/** The retained history, added up for a leader that begins. The journal must be installed. */

export interface TableSuccess {
  /** As SQL writes its name. */
  readonly table: string;
  readonly task: string;
  /** End of the latest run of the task in which the table did not fail. */
  readonly at: EpochMicros;
}

/** Steps that were begun; one that was `interrupted` counts as failed. Steps that a guard refused before are not recorded. */
export interface StepCount {
  readonly schema: string;
  readonly name: string;
  readonly step: string;
  readonly outcome: string;
  readonly count: number;
}

/** When the journal was made; null when nobody knows. */
export async function readInstalledAt(session: Session, schema: string, signal: AbortSignal): Promise<EpochMicros | null> {
  const [installed] = await session.rows(installedAtSql(schema), [], row<Installed>({ at: nullable(bigint) }), signal);
  return installed?.at ?? null;
}

interface Installed {
  readonly at: EpochMicros | null;
}

function installedAtSql(schema: string): NamedSql {
  return namedSql(
    'read-installed-at',
    /* sql */ `
    SELECT (EXTRACT(epoch FROM pg_catalog.min(v.installed_at)) * 1000000)::pg_catalog.int8 AS "at"
    FROM ${qualify(schema, 'version')} AS v`,
  );
}

/**
 * The latest success of each table and task; a pair without one is absent. A run that went well counts for every table that it was about
 * (those that were configured then, as far as the journal knows), a failed one for those that are not on its list. A run that does not say which tables failed counts for none.
 */
export async function readTableSuccesses(
  session: Session,
  schema: string,
  wanted: { readonly tables: readonly string[]; readonly tasks: readonly Task[] },
  signal: AbortSignal,
): Promise<readonly TableSuccess[]> {
  return await session.rows(tableSuccessesSql(schema), [wanted.tables, wanted.tasks], decodeTableSuccess, signal);
}

/** Newest first and only until the first hit: the history may hold thousands of runs, the success of a healthy table is among the last ones. */
function tableSuccessesSql(schema: string): NamedSql {
  return namedSql(
    'read-table-successes',
    /* sql */ `
    SELECT
      wanted.name AS "table",
      task.name AS "task",
      (EXTRACT(epoch FROM latest.finished_at) * 1000000)::pg_catalog.int8 AS "at"
    FROM pg_catalog.unnest($1::pg_catalog.text[]) AS wanted (name)
    CROSS JOIN pg_catalog.unnest($2::pg_catalog.text[]) AS task (name)
    CROSS JOIN LATERAL (
      SELECT r.finished_at
      FROM ${qualify(schema, 'run')} AS r
      WHERE task.name = ANY (r.tasks)
        AND (r.outcome = 'ok' OR (r.outcome = 'failed' AND r.failed IS NOT NULL))
        AND (COALESCE(r.tables, r.configured) IS NULL OR wanted.name = ANY (COALESCE(r.tables, r.configured)))
        AND (r.failed IS NULL OR wanted.name <> ALL (r.failed))
      ORDER BY r.started_at DESC
      LIMIT 1
    ) AS latest`,
  );
}

const decodeTableSuccess = row<TableSuccess>({ table: text, task: text, at: bigint });

/** How many steps of each kind and outcome the history holds, by table. */
export async function readStepCounts(session: Session, schema: string, signal: AbortSignal): Promise<readonly StepCount[]> {
  return await session.rows(stepCountsSql(schema), [], decodeStepCount, signal);
}

function stepCountsSql(schema: string): NamedSql {
  return namedSql(
    'read-step-counts',
    /* sql */ `
    SELECT
      o.table_schema AS "schema",
      o.table_name AS "name",
      o.kind AS "step",
      CASE o.outcome WHEN 'interrupted' THEN 'failed' ELSE o.outcome END AS "outcome",
      pg_catalog.count(*) AS "count"
    FROM ${qualify(schema, 'operation')} AS o
    WHERE o.outcome IS NOT NULL
    GROUP BY 1, 2, 3, 4`,
  );
}

const decodeStepCount = row<StepCount>({ schema: text, name: text, step: text, outcome: text, count: number });
