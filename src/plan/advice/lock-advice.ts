import { formatShare } from '../maintenance/quantities.ts';
import { countOf, formatCount } from '../wording.ts';
import type { LockAdvice } from './table-advice.ts';

/** What hangs below one table, by kind; partitions whose detach is pending are not planned and not counted. */
export interface LockedRelations {
  /** Partitions of all levels, those that are partitioned themselves included. */
  readonly partitions: number;
  /** Indexes of partitions with rows of their own. */
  readonly leafIndexes: number;
  /** Indexes of the table itself and of partitions that are partitioned: they hold nothing. */
  readonly parentIndexes: number;
}

/** Settings of the server. */
export interface LockSettings {
  /** `server_version_num`. */
  readonly version: number;
  readonly maxLocksPerTransaction: number;
  readonly maxConnections: number;
  readonly maxPreparedTransactions: number;
}

/** Four such statements at once would leave nothing. */
const largeShare = 0.25;
/** Before 18 nearly every table is past the fast path, and no setting helps: only with so many relations is it worth a word. */
const manyRelations = 300;
/** Where so many locks a session are asked for, that many for *each* session are no cure. */
const mostSensible = 4096;
/** The version whose fast path grows with max_locks_per_transaction. */
const fastPathSince = 180_000;

/**
 * What one statement that prunes nothing must lock, of what there is room for. It locks the table, each partition, and each index of those
 * that it may scan, when it is planned, whether the plan uses it or not; indexes of partitioned tables since 16 only (plancat.c,
 * `get_relation_info`; tried on 14 to 18, test/integration/advise-managed.pg.test.ts).
 * Room: max_locks_per_transaction x (max_connections + max_prepared_transactions), shared by all sessions, a little more in truth
 * (postgresql.org/docs/14 to 18/runtime-config-locks.html). A session keeps some of its weak locks to itself, in the fast path: 16 before 18
 * (proc.h, `FP_LOCK_SLOTS_PER_BACKEND`), since 18 as many as max_locks_per_transaction, to the next power of two, from 16 to 16,384, in groups
 * of 16 of which one may be full before the others (postinit.c, `InitializeFastPathLocks`). The others pass through locks of the lock
 * manager that all sessions contend for. Those of the fast path are not taken off what is needed. Pure, throws nothing.
 */
export function adviseLocks(relations: LockedRelations, settings: LockSettings): LockAdvice {
  const { partitions, leafIndexes, parentIndexes } = relations;
  const needed = 1 + partitions + leafIndexes + (settings.version >= 160_000 ? parentIndexes : 0);
  const available = settings.maxLocksPerTransaction * backends(settings);
  return { needed, available, fastPath: fastPathSlots(settings), problem: problemOf(needed, available, relations, settings) };
}

function problemOf(needed: number, available: number, { partitions }: LockedRelations, settings: LockSettings): string | null {
  const what = `A statement that prunes nothing locks ${countOf(needed, 'relation')} (${countOf(partitions, 'partition')} and the indexes)`;
  const enough = Math.ceil(needed / largeShare / backends(settings));
  const raise = `raise max_locks_per_transaction from ${formatCount(settings.maxLocksPerTransaction)} to ${formatCount(enough)} or more (needs a restart)`;
  const otherwise = 'have fewer partitions, or let statements prune';
  if (needed > available) {
    const room = `the lock table has room for ${formatCount(available)} of all sessions together, so it may fail with "out of shared memory"`;
    return `${what}; ${room}: ${raise}, ${otherwise}.`;
  }
  if (needed > largeShare * available) {
    const room = `that is ${formatShare(needed / available)} of the ${formatCount(available)} that all sessions have room for together`;
    return `${what}; ${room}: ${raise}, ${otherwise}.`;
  }
  const fastPath = fastPathSlots(settings);
  if (needed <= fastPath || (settings.version < fastPathSince && needed <= manyRelations)) return null;
  const room = `a session takes ${formatCount(fastPath)} without contending with others (the fast path)`;
  const cure =
    settings.version >= fastPathSince && needed <= mostSensible
      ? `raise max_locks_per_transaction from ${formatCount(settings.maxLocksPerTransaction)} to ${formatCount(powerOfTwo(needed))} (needs a restart), `
      : '';
  return `${what}; ${room}: ${cure}${otherwise}.`;
}

function backends({ maxConnections, maxPreparedTransactions }: LockSettings): number {
  return maxConnections + maxPreparedTransactions;
}

function fastPathSlots({ version, maxLocksPerTransaction }: LockSettings): number {
  return version >= fastPathSince ? Math.min(Math.max(powerOfTwo(maxLocksPerTransaction), 16), 16_384) : 16;
}

/** The least that is not smaller. */
function powerOfTwo(number: number): number {
  return 2 ** Math.ceil(Math.log2(number));
}
