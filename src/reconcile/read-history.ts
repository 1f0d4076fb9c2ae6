import { readStepCounts, readTableSuccesses, type StepCount, type TableSuccess } from '../journal/history.ts';
import { readJournal } from '../journal/read-journal.ts';
import { readLastRuns } from '../journal/runs.ts';
import type { EpochMicros } from '../partition/position.ts';
import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import type { Task } from '../plan/step.ts';
import type { Session } from '../postgres/session.ts';

/** What the journal remembers of one task. */
export interface TaskHistory {
  readonly task: string;
  /** End of the latest run; its start when it never ended. */
  readonly lastRunAt: EpochMicros;
  /** End of the latest run that went well for all tables; null when none did. */
  readonly lastSuccessAt: EpochMicros | null;
}

/** What the journal remembers of a database; its history is trimmed, so it begins somewhere. */
export interface DatabaseHistory {
  /** Tasks that ever ran. */
  readonly tasks: readonly TaskHistory[];
  readonly successes: readonly TableSuccess[];
  readonly steps: readonly StepCount[];
}

const nothing: DatabaseHistory = { tasks: [], successes: [], steps: [] };

/** Reads only: three queries after those that read the journal. */
export async function readHistory(
  session: Session,
  schema: string,
  wanted: { readonly tables: readonly QualifiedName[]; readonly tasks: readonly Task[] },
  signal: AbortSignal,
): Promise<DatabaseHistory> {
  const { isInstalled } = await readJournal(session, schema, signal);
  if (!isInstalled) return nothing;
  const runs = await readLastRuns(session, schema, signal);
  const tables = wanted.tables.map(formatQualifiedName);
  return {
    tasks: runs.map((run) => ({ task: run.task, lastRunAt: run.finishedAt ?? run.startedAt, lastSuccessAt: run.lastOkAt })),
    successes: await readTableSuccesses(session, schema, { tables, tasks: wanted.tasks }, signal),
    steps: await readStepCounts(session, schema, signal),
  };
}
