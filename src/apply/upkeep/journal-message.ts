import type { Session } from '../../postgres/session.ts';
import type { ApplyContext } from '../apply-context.ts';

/**
 * Commits `statements` behind the epoch guard, and runs `after` outside that transaction; one message. The commit is not flushed: entries must
 * survive this program, not the server. The wait for a lock, of the journal's rows and the epoch's, is that of a brief step. Throws what
 * went wrong; no transaction is open afterwards.
 */
export async function sendToJournal(
  session: Session,
  statements: readonly string[],
  after: readonly string[],
  { epochGuard, budget }: ApplyContext,
  signal: AbortSignal,
): Promise<void> {
  const guard = epochGuard === null ? [] : [epochGuard];
  const settings = ['SET LOCAL synchronous_commit = off', `SET LOCAL lock_timeout = '${budget.attemptMs}ms'`];
  try {
    await session.complete(['/* partitiond:upkeep */ BEGIN', ...settings, ...guard, ...statements, 'COMMIT', ...after], signal);
  } catch (error) {
    await session.complete(['ROLLBACK'], signal).catch(() => undefined);
    throw error;
  }
}
