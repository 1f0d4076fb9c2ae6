import type { Clock } from '../../postgres/clock.ts';
import type { Session } from '../../postgres/session.ts';
import { type BlockedSessions, blockedSessionsSql, decodeBlockedSessions } from './blocked-sessions.sql.ts';

/** About, as the attempts to get a lock come and go in even steps of their own, and a count in step with them would meet only the pauses. */
export const countEveryMs = 1_000;

/** Who looks who waits, and what becomes of it. */
export interface BlockObserver {
  readonly session: Session;
  readonly clock: Clock;
  readonly everyMs: number;
  readonly tell: (blocked: BlockedSessions) => void;
}

/**
 * Does `work` and meanwhile looks, every so often on another session, who waits behind the backend that does it: the harm a run does. Never
 * two looks at once, so a slow server is asked less often; a look that fails is none, as that session has others who watch over it.
 * `pid`: that of the moment, as a run may go on with another backend.
 */
export async function watchBlockedSessions<T>(
  work: { readonly pid: () => number; readonly run: () => Promise<T> },
  observer: BlockObserver,
  signal: AbortSignal,
): Promise<T> {
  const ended = new AbortController();
  const watching = watch(work.pid, observer, ended.signal, signal);
  try {
    return await work.run();
  } finally {
    ended.abort();
    await watching;
  }
}

async function watch(
  pid: () => number,
  { session, clock, everyMs, tell }: BlockObserver,
  ended: AbortSignal,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await clock.sleep(everyMs * (0.75 + clock.random() / 2), ended).catch(() => undefined);
    if (ended.aborted || signal.aborted) return;
    const [blocked] = await session.rows(blockedSessionsSql, [pid()], decodeBlockedSessions, signal).catch(() => []);
    if (blocked !== undefined) tell(blocked);
  }
}
