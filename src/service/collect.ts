import type { DatabasePolicy } from '../partition/policy.ts';
import type { Session } from '../postgres/session.ts';
import { collectStatistics } from '../reconcile/collect-statistics.ts';
import { reconcileDatabase } from '../reconcile/reconcile-database.ts';
import type { ReconcileContext, ReconcileRequest } from '../reconcile/request.ts';
import type { Collector } from '../telemetry/leader-metrics.ts';
import { type Performance, verdict } from './performance.ts';
import type { Surroundings } from './surroundings.ts';

/** Reads and plans like a run, for findings and gauges, then asks for statistics where they are due; writes nothing. */
export async function collect(
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
