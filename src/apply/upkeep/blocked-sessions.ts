import type { Waiter } from './watch.sql.ts';

/** Who stands behind sessions of ours. */
export interface BlockedSessions {
  /** All of them: those that wait for one of ours, those that wait for these, and so on. */
  readonly count: number;
  /** How long the one that waits longest for it directly has waited, by pid of ours; absent: nobody does. Milliseconds. */
  readonly waitedMs: ReadonlyMap<number, number>;
}

/** Of `waiters`, those behind one of the pids `ours`; sessions of ours that wait for one another count for nothing. */
export function blockedSessions(waiters: readonly Waiter[], ours: ReadonlySet<number>): BlockedSessions {
  const others = waiters.filter(({ pid }) => !ours.has(pid));
  const waitedMs = new Map<number, number>();
  for (const waiter of others) {
    for (const blocker of waiter.blockers.map(Number).filter((pid) => ours.has(pid))) {
      waitedMs.set(blocker, Math.max(waitedMs.get(blocker) ?? 0, waiter.waitedMs));
    }
  }
  const behind = new Set<number>();
  for (let size = -1; size !== behind.size; ) {
    size = behind.size;
    for (const { pid, blockers } of others) {
      if (blockers.some((blocker) => ours.has(Number(blocker)) || behind.has(Number(blocker)))) behind.add(pid);
    }
  }
  return { count: behind.size, waitedMs };
}
