import type { DatabasePolicy, Safety, TablePolicy } from '../src/partition/policy.ts';
import { systemClock } from '../src/postgres/clock.ts';
import { connectSession, type Session } from '../src/postgres/session.ts';
import type { ReconcileContext, ReconcileRequest } from '../src/reconcile/request.ts';

/** The defaults that the program ships, for benches that call the use case in process. */
export const safety: Safety = {
  lockTimeoutMs: 100,
  lockBudgetMs: 300_000,
  statementTimeoutMs: 30_000,
  maxRemovals: 10,
  maxClockSkewMs: 300_000,
};

export const applyAll: ReconcileRequest = {
  mode: 'apply',
  tasks: ['provision', 'retention'],
  tables: null,
  now: null,
  allowRemovals: null,
};

export const context: ReconcileContext = {
  safety,
  clock: systemClock,
  observe: () => undefined,
  who: 'bench',
  epochGuard: null,
  journalKeepMs: 90 * 86_400_000,
  upkeep: {
    connect: () => Promise.reject(new Error('this bench has no upkeep')),
    windowEnd: () => null,
    freshForMs: null,
  },
};

export function dailyPolicy(name: string, overrides: Partial<TablePolicy> = {}): TablePolicy {
  return {
    table: { schema: 'public', name },
    interval: { kind: 'calendar', count: 1, unit: 'day' },
    premake: 4,
    startFrom: null,
    timezone: 'UTC',
    encoding: { kind: 'auto' },
    name: '{table}_p{yyyy}_{mm}_{dd}',
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

export function databasePolicy(url: string, tables: readonly TablePolicy[]): DatabasePolicy {
  return { name: 'bench', connection: { kind: 'url', url }, journalSchema: 'partitiond', probeRole: null, tables };
}

export async function openSession(url: string): Promise<Session> {
  const settings = { applicationName: 'partitiond:bench', statementTimeoutMs: 30_000, lockTimeoutMs: 100 };
  return await connectSession({ kind: 'url', url }, settings, new AbortController().signal);
}
