import { parseInterval, parseSpan } from '../../src/partition/interval.ts';
import type { DatabasePolicy, IndexPolicy, MaintenancePolicy, Safety, TablePolicy } from '../../src/partition/policy.ts';
import { systemClock } from '../../src/postgres/clock.ts';
import { connectSession, type Session } from '../../src/postgres/session.ts';
import type { ReconcileEvent, RunReport } from '../../src/reconcile/event.ts';
import { reconcileDatabase } from '../../src/reconcile/reconcile-database.ts';
import type { ReconcileContext, ReconcileRequest } from '../../src/reconcile/request.ts';
import type { TestDatabase } from './database.ts';

export const testSafety: Safety = {
  lockTimeoutMs: 100,
  lockBudgetMs: 2_000,
  statementTimeoutMs: 30_000,
  maxRemovals: 10,
  maxClockSkewMs: 300_000,
};

/** A policy of `public.<name>`, by month, nothing retired, unless said otherwise. */
export function policyOf(name: string, overrides: Partial<TablePolicy> = {}): TablePolicy {
  return {
    table: { schema: 'public', name },
    interval: parseInterval('1 month'),
    premake: 2,
    startFrom: null,
    timezone: 'UTC',
    encoding: { kind: 'auto' },
    name: '{table}_{yyyy}_{mm}',
    defaultPartition: 'none',
    retention: null,
    storage: {},
    maintenance: null,
    indexes: [],
    dropRemovedIndexes: false,
    probes: [],
    targetPartitionBytes: 32 * 1024 ** 3,
    migration: null,
    ...overrides,
  };
}

export function keep(span: string, action: 'detach' | 'drop' = 'detach', grace: string | null = null): TablePolicy['retention'] {
  return { keep: parseSpan(span), action, grace: grace === null ? null : parseSpan(grace), schema: null };
}

/** The defaults of the configuration, but that a partition has closed as soon as its range is over. */
export function maintenanceOf(overrides: Partial<MaintenancePolicy> = {}): MaintenancePolicy {
  return {
    vacuumDeadRatio: 0.1,
    vacuumDeadRows: 1_000_000,
    analyzeChangedRatio: 0.1,
    analyzeChangedRows: 1_000_000,
    freezeAgeRatio: 0.75,
    freezeClosed: true,
    closedForMs: 0,
    reindexBloat: 0.5,
    reindexMinBytes: 64 * 1024 ** 2,
    parentAnalyzeEveryMs: 86_400_000,
    limits: { concurrency: 2, window: null, costDelayMs: null, costLimit: null, maxReplicationLagMs: 30_000, maxLockWaiters: 10 },
    ...overrides,
  };
}

/** A B-tree of `columns` on all partitions, unless said otherwise. */
export function indexOf(name: string, columns: readonly string[], overrides: Partial<IndexPolicy> = {}): IndexPolicy {
  return {
    name,
    keys: columns.map((column) => ({ kind: 'column', column, options: '' })),
    method: 'btree',
    isUnique: false,
    include: [],
    where: null,
    storage: {},
    tablespace: null,
    partitions: { kind: 'all' },
    ...overrides,
  };
}

export interface ReconcileOptions {
  readonly request?: Partial<ReconcileRequest>;
  readonly context?: Partial<ReconcileContext>;
  readonly events?: ReconcileEvent[];
  readonly signal?: AbortSignal;
  /** Another role's URL; the superuser's by default. */
  readonly url?: string;
  /** Puts something between the run and its session. */
  readonly wrap?: (session: Session) => Session;
}

/** One run over `policies` in process, on a session of its own. */
export async function reconcile(
  database: TestDatabase,
  policies: readonly TablePolicy[],
  options: ReconcileOptions = {},
): Promise<RunReport> {
  const url = options.url ?? database.url;
  const signal = options.signal ?? new AbortController().signal;
  const policy: DatabasePolicy = {
    name: 'test',
    connection: { kind: 'url', url },
    journalSchema: 'partitiond',
    probeRole: null,
    tables: policies,
  };
  const settings = { applicationName: 'partitiond:test', statementTimeoutMs: 30_000, lockTimeoutMs: 100 };
  const session = await connectSession(policy.connection, settings, signal);
  try {
    const request: ReconcileRequest = {
      mode: 'apply',
      tasks: ['provision', 'retention'],
      tables: null,
      now: null,
      allowRemovals: null,
      ...options.request,
    };
    const context: ReconcileContext = {
      safety: testSafety,
      clock: systemClock,
      observe: (event) => options.events?.push(event),
      who: 'test',
      epochGuard: null,
      journalKeepMs: 90 * 86_400_000,
      upkeep: {
        connect: (until) =>
          connectSession(
            { kind: 'url', url: options.url ?? database.url },
            { applicationName: 'partitiond:maintenance', statementTimeoutMs: 30_000, lockTimeoutMs: 100 },
            until,
          ),
        windowEnd: () => null,
        freshForMs: null,
      },
      ...options.context,
    };
    return await reconcileDatabase(options.wrap?.(session) ?? session, policy, request, context, signal);
  } finally {
    await session.close();
  }
}

/** Names and bounds of what is attached to `table`, by lower bound as text; a pending detach is marked. */
export async function attachedPartitions(database: TestDatabase, table: string): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(
    `SELECT c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid) || CASE WHEN i.inhdetachpending THEN ' PENDING' ELSE '' END AS line
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass ORDER BY 1`,
    [table],
  );
  return rows.map((row) => row.line);
}
