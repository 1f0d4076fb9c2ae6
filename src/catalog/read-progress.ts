import type { CommandProgress } from '../partition/upkeep.ts';
import type { Session } from '../postgres/session.ts';

/** Stands here until it is written. */
export async function readProgress(
  _session: Session,
  _pids: readonly number[] | null,
  _signal: AbortSignal,
): Promise<readonly CommandProgress[]> {
  return [];
}
