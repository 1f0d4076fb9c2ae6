import type { MigrationPolicy } from '../../../partition/migration/policy.ts';

/** The configuration's defaults, for a table whose partitions are re-grained: its entry needs no block `migration`. */
export function defaultMigration(partitionKey: string): MigrationPolicy {
  return {
    partitionKey,
    strategy: 'copy',
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
  };
}
