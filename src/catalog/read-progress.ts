import type { CommandProgress } from '../partition/upkeep.ts';
import type { Session } from '../postgres/session.ts';
import { commandProgressSql, decodeCommandProgress } from './command-progress.sql.ts';

/**
 * The long commands that the sessions `pids` run right now in the session's database, by pid; null: those of all sessions that call themselves
 * partitiond, of other processes too. Those of other roles are seen only by a role with pg_read_all_stats. Throws as the session does.
 */
export async function readProgress(
  session: Session,
  pids: readonly number[] | null,
  signal: AbortSignal,
): Promise<readonly CommandProgress[]> {
  return await session.rows(commandProgressSql, [pids], decodeCommandProgress, signal);
}
