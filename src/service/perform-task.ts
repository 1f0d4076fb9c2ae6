import { ConnectionError, NotLeaderError, type PartitiondError } from '../errors.ts';
import type { DatabasePolicy } from '../partition/policy.ts';
import { connectSession, type Session } from '../postgres/session.ts';
import { collectStatistics } from '../reconcile/collect-statistics.ts';
import type { RunReport } from '../reconcile/event.ts';
import { readPause } from '../reconcile/read-pause.ts';
import { reconcileDatabase } from '../reconcile/reconcile-database.ts';
import type { ReconcileContext, ReconcileRequest } from '../reconcile/request.ts';
import type { Collector } from '../telemetry/leader-metrics.ts';
import type { ScheduledTaskName } from './schedule.ts';
import type { Surroundings } from './surroundings.ts';

/** One run of a task for one database. `paused`: nothing was done, somebody asked for that. */
export type Performance =
  | { readonly outcome: 'ok' | 'failed' | 'aborted' }
  | { readonly outcome: 'paused'; readonly reason: string; readonly by: string };

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
  const session = await connectSession(database.connection, settings, signal);
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

/** Reads and plans like a run, for findings and gauges, then asks for statistics where they are due; writes nothing. */
async function collect(
  session: Session,
  database: DatabasePolicy,
  needsStatistics: boolean,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Performance> {
  const { configuration, clock, logRun, metrics, who } = surroundings;
  const context: ReconcileContext = {
    safety: configuration.safety,
    clock,
    observe: (event) => {
      logRun(event);
      metrics.observeCollection(event);
    },
    who,
    epochGuard: null,
    journalKeepMs: configuration.journal.keepMs,
  };
  const request: ReconcileRequest = { mode: 'plan', tasks: ['provision', 'retention'], tables: null, now: null, allowRemovals: null };
  const report = await measured('catalog', database, surroundings, () => reconcileDatabase(session, database, request, context, signal));
  const outcome = verdict(report, signal);
  if (needsStatistics) {
    const statistics = await measured('statistics', database, surroundings, () => collectStatistics(session, report, signal));
    metrics.statisticsCollected(database.name, statistics);
  }
  return outcome;
}

async function measured<T>(
  collector: Collector,
  database: DatabasePolicy,
  { clock, metrics }: Surroundings,
  run: () => Promise<T>,
): Promise<T> {
  const startedAt = clock.monotonicMs();
  let isSuccess = false;
  try {
    const value = await run();
    isSuccess = true;
    return value;
  } finally {
    metrics.collectorEnded(database.name, collector, isSuccess, clock.monotonicMs() - startedAt);
  }
}

/** A refusal is no failure: a guard did what it is there for, and a finding says so. */
function verdict(report: RunReport, signal: AbortSignal): Performance {
  const errors = report.tables.flatMap((table): readonly (PartitiondError | null)[] => [
    table.error,
    ...table.steps.map((step) => step.error),
  ]);
  const fatal = errors.find((error) => error instanceof NotLeaderError) ?? errors.find((error) => error instanceof ConnectionError);
  if (signal.aborted) return { outcome: 'aborted' };
  if (fatal !== undefined && fatal !== null) throw fatal;
  const hasFailed = report.tables.some((table) => table.error !== null || table.steps.some((step) => step.outcome === 'failed'));
  return { outcome: hasFailed ? 'failed' : 'ok' };
}
