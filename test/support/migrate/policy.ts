import type { MigrationPolicy } from '../../../src/partition/migration/policy.ts';

/** A policy with the defaults of the configuration (a unit test compares them); `partitionKey` is `occurred_at`. */
export function migrationPolicy(overrides: Partial<MigrationPolicy> = {}): MigrationPolicy {
  return {
    partitionKey: 'occurred_at',
    strategy: 'auto',
    capture: 'log',
    copy: { workers: 2, batchTimeMs: 300, pace: 0.25, maxBacklog: 10_000_000, diskFreeBytes: null },
    window: [],
    brakes: { replicaLagMs: 10_000, slotWalBytes: 5 * 1024 ** 3, commitLatencyFactor: 2 },
    verify: { eachBatch: 'content', maxAgeMs: 86_400_000 },
    switchover: { maxLockMs: 500, drainMs: 200, deadlineMs: 900_000, window: [], oldSnapshots: 'wait' },
    readSchemas: null,
    runner: 'any',
    keepOld: { kind: 'calendar', months: 0, days: 7, micros: 0n },
    waive: [],
    ...overrides,
  };
}
