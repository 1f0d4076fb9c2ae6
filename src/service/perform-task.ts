import type { DatabasePolicy } from '../partition/policy.ts';
import { connectSession, type Session } from '../postgres/session.ts';
import { readPause } from '../reconcile/read-pause.ts';
import { reconcileDatabase } from '../reconcile/reconcile-database.ts';
import type { ReconcileContext, ReconcileRequest } from '../reconcile/request.ts';
import { collect } from './collect.ts';
import { type Performance, verdict } from './performance.ts';
import type { ScheduledTaskName } from './schedule.ts';
import type { Surroundings } from './surroundings.ts';

/** A collection must give way to everybody: it waits this long for a lock, then keeps what it knew. */
const collectorLockTimeoutMs = 100;

/**
 * Runs `task` once on a connection of its own, which picks up rotated secrets and leaves none standing between runs. Throws
 * `ConnectionError` when the connection failed, also in the middle of a run (what was done is journalled, the next run plans afresh),
 * `NotLeaderError` when a newer epoch exists, and whatever stops the database as a whole.
 */
export async function performTask(
  task: ScheduledTaskName,
  database: DatabasePolicy,
  term: { readonly guardSql: string; readonly needsStatistics: boolean },
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Performance> {
  const { safety } = surroundings.configuration;
  const settings =
    task === 'collect'
      ? { applicationName: 'partitiond/collector', statementTimeoutMs: safety.statementTimeoutMs, lockTimeoutMs: collectorLockTimeoutMs }
      : { applicationName: 'partitiond:run', statementTimeoutMs: safety.statementTimeoutMs, lockTimeoutMs: safety.lockTimeoutMs };
  const observer = surroundings.metrics.sessionObserver(database.name);
  const session = await connectSession(database.connection, { ...settings, observer }, signal);
  try {
    const pause = await readPause(session, database.journalSchema, signal);
    surroundings.metrics.paused(database.name, pause !== null);
    if (task === 'collect') return await collect(session, database, term.needsStatistics, surroundings, signal);
    if (pause !== null) return { outcome: 'paused', reason: pause.reason, by: pause.by };
    return await maintain(session, task, database, term.guardSql, surroundings, signal);
  } finally {
    await session.close();
  }
}

async function maintain(
  session: Session,
  task: Exclude<ScheduledTaskName, 'collect'>,
  database: DatabasePolicy,
  guardSql: string,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Performance> {
  const context: ReconcileContext = {
    safety: surroundings.configuration.safety,
    clock: surroundings.clock,
    observe: (event) => {
      surroundings.logRun(event);
      surroundings.metrics.observeRun(event, task);
    },
    who: surroundings.who,
    epochGuard: guardSql,
    journalKeepMs: surroundings.configuration.journal.keepMs,
  };
  const request: ReconcileRequest = { mode: 'apply', tasks: [task], tables: null, now: null, allowRemovals: null };
  return verdict(await reconcileDatabase(session, database, request, context, signal), signal);
}
