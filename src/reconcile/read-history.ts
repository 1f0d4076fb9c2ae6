import { readJournal } from '../journal/read-journal.ts';
import { readLastRuns } from '../journal/runs.ts';
import type { EpochMicros } from '../partition/position.ts';
import type { Session } from '../postgres/session.ts';

/** What the journal remembers of one task. */
export interface TaskHistory {
  readonly task: string;
  /** End of the latest run; its start when it never ended. */
  readonly lastRunAt: EpochMicros;
  /** End of the latest run that went well; null when none did. */
  readonly lastSuccessAt: EpochMicros | null;
}

/** The latest runs by task; empty where nothing ever ran. Reads only. */
export async function readHistory(session: Session, schema: string, signal: AbortSignal): Promise<readonly TaskHistory[]> {
  const { isInstalled } = await readJournal(session, schema, signal);
  const runs = isInstalled ? await readLastRuns(session, schema, signal) : [];
  return runs.map((run) => ({ task: run.task, lastRunAt: run.finishedAt ?? run.startedAt, lastSuccessAt: run.lastOkAt }));
}
