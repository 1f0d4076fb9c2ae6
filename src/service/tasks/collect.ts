import { StatementError } from '../../errors.ts';
import { readSeenMigrations } from '../../migrate/run/read-seen.ts';
import type { PartitionedTable } from '../../partition/partition.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import type { Session } from '../../postgres/session.ts';
import { collectIndexes } from '../../reconcile/collection/collect-indexes.ts';
import { collectSizes } from '../../reconcile/collection/collect-sizes.ts';
import { collectStatistics } from '../../reconcile/collection/collect-statistics.ts';
import type { Collection } from '../../reconcile/collection/collection.ts';
import { countLimits, countRows } from '../../reconcile/collection/count-rows.ts';
import { readClosedTables } from '../../reconcile/collection/read-closed-tables.ts';
import type { RunReport } from '../../reconcile/event.ts';
import { reconcileDatabase } from '../../reconcile/reconcile-database.ts';
import type { ReconcileContext, ReconcileRequest } from '../../reconcile/request.ts';
import { errorFields } from '../../telemetry/error-fields.ts';
import type { Collector } from '../../telemetry/leader-metrics.ts';
import type { Surroundings } from '../surroundings.ts';
import { type Performance, verdict } from './performance.ts';
import { upkeepSurroundings } from './upkeep-surroundings.ts';

/** One collection of one term: what earlier ones found, and what a writing transaction must begin with. */
export interface CollectionTerm {
  readonly collection: Collection;
  readonly guardSql: string;
  /** Somebody asked for it: sizes and indexes too, whether they are due or not. */
  readonly isThorough: boolean;
}

/**
 * Reads and plans like a run, for findings and gauges, then reads statistics, and about every 15 minutes sizes and the health of indexes; of new
 * partitions the sizes at once.
 * All of it on this one session, which is read-only but for a transaction that journals rows counted (`metrics.rowCounts: exact`). A
 * collector that fails leaves its values as they were and does not stop the others; the run has failed then. Throws what stops the database
 * as a whole.
 */
export async function collect(
  session: Session,
  database: DatabasePolicy,
  { collection, guardSql, isThorough }: CollectionTerm,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Performance> {
  const { configuration, clock, metrics } = surroundings;
  await session.execute('SET default_transaction_read_only = on', signal);
  const { report, outcome } = await measured(
    'catalog',
    database,
    surroundings,
    async () => {
      const found = await readSnapshot(session, database, surroundings, signal);
      return { report: found, outcome: verdict(found, signal, ({ error }) => error === null) };
    },
    (found) => found.outcome.outcome === 'ok',
  );
  const tables = tablesOf(report);
  const isExact = configuration.metrics.rowCounts === 'exact';
  const { journalSchema } = database;
  const attempt = (collector: Collector, run: () => Promise<void>): Promise<boolean> =>
    attempted(collector, database, surroundings, signal, run);
  let isSuccess = await attempt('statistics', async () => {
    const now = report.facts?.now ?? null;
    const closed = isExact && now !== null ? await readClosedTables(session, tables, collection, { now, journalSchema }, signal) : null;
    await collectStatistics(session, tables, collection, closed, signal);
    // What could not be read this time is not gone.
    if (report.tables.every(({ state }) => state !== null)) collection.keepOnly(tables);
  });
  isSuccess = (await collectMigrations(session, database, surroundings, signal)) && isSuccess;
  for (const [collector, read] of [
    ['sizes', collectSizes],
    ['indexes', collectIndexes],
  ] as const) {
    const pace = collection.paces[collector];
    if (!isThorough && !pace.isDue(clock.monotonicMs())) continue;
    let isRead = false;
    try {
      isRead = await attempt(collector, () => read(session, tables, collection, signal));
    } finally {
      pace.ended(isRead, clock.monotonicMs());
    }
    isSuccess &&= isRead;
  }
  // A partition that was made since then must not seem empty until the sizes are due; where they cannot be read, their pace says when to try.
  const news = collection.paces.sizes.isHealthy ? tables.filter((table) => collection.hasUnmeasured(table)) : [];
  if (news.length > 0 && !(await attempt('sizes', () => collectSizes(session, news, collection, signal, 'new')))) {
    collection.paces.sizes.ended(false, clock.monotonicMs());
    isSuccess = false;
  }
  metrics.statisticsCollected(
    database.name,
    tables.map((table) => collection.of(table)),
  );
  const { statementTimeoutMs } = configuration.safety;
  if (isExact) await countRows(session, collection, { journalSchema, guardSql, statementTimeoutMs, clock, limits: countLimits }, signal);
  return outcome.outcome === 'ok' && !isSuccess ? { ...outcome, outcome: 'failed' } : outcome;
}

/** What the journal says of migrations of tables, and of their partitions, which need no block `migration`. */
async function collectMigrations(
  session: Session,
  database: DatabasePolicy,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<boolean> {
  return await attempted('migrations', database, surroundings, signal, async () => {
    const { metrics, clock } = surroundings;
    metrics.migrationsRead(database.name, await readSeenMigrations(session, database, clock.now(), signal));
  });
}

async function readSnapshot(
  session: Session,
  database: DatabasePolicy,
  { configuration, clock, logRun, metrics, who }: Surroundings,
  signal: AbortSignal,
): Promise<RunReport> {
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
    upkeep: upkeepSurroundings(database, configuration.safety, null),
  };
  const request: ReconcileRequest = { mode: 'plan', tasks: ['provision', 'retention'], tables: null, now: null, allowRemovals: null };
  return await reconcileDatabase(session, database, request, context, signal);
}

/** Tables that could be read; two policies of one table are one. */
function tablesOf(report: RunReport): readonly PartitionedTable[] {
  return report.tables.flatMap(({ state }) => (state?.kind === 'partitioned' ? [state.table] : []));
}

/** Whether it went well; what is not a mere statement that failed is thrown. */
async function attempted(
  collector: Collector,
  database: DatabasePolicy,
  surroundings: Surroundings,
  signal: AbortSignal,
  run: () => Promise<void>,
): Promise<boolean> {
  try {
    await measured(collector, database, surroundings, run);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof StatementError)) throw error;
    surroundings.logger.warn('collector failed', { database: database.name, collector, ...errorFields(error) });
    return false;
  }
}

async function measured<T>(
  collector: Collector,
  database: DatabasePolicy,
  { clock, metrics }: Surroundings,
  run: () => Promise<T>,
  isGood: (value: T) => boolean = () => true,
): Promise<T> {
  const startedAt = clock.monotonicMs();
  let isSuccess = false;
  try {
    const value = await run();
    isSuccess = isGood(value);
    return value;
  } finally {
    metrics.collectorEnded(database.name, collector, isSuccess, clock.monotonicMs() - startedAt);
  }
}
