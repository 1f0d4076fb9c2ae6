import { countRowsSql, countTargetSql, decodeCountTarget, decodeRowsCounted } from '../../catalog/row-count.sql.ts';
import { StatementError } from '../../errors.ts';
import { writeRowCounts } from '../../journal/row-counts.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Clock } from '../../postgres/clock.ts';
import type { Session } from '../../postgres/session.ts';
import { isLockFailure, sqlstates } from '../../postgres/sqlstate.ts';
import type { Collection, PartialCount, Uncounted } from './collection.ts';

/** How much one run may count. */
export interface CountLimits {
  /** A collection is to be over before the next one is due, and its numbers to be fresh. */
  readonly budgetMs: number;
  /** Whoever wants ACCESS EXCLUSIVE waits for one slice at most, and so do those who queue behind him. */
  readonly blocksPerSlice: number;
  readonly sliceTimeoutMs: number;
}

/** Slices of 128 MiB. */
export const countLimits: CountLimits = { budgetMs: 15_000, blocksPerSlice: 16_384, sliceTimeoutMs: 10_000 };

/** What failed for a passing reason is worth another try, but not in each minute: it may have cost a slice's time. */
const retryMs = 60 * 60_000;

export interface CountOptions {
  readonly journalSchema: string;
  /** SQL that raises unless this epoch is current. */
  readonly guardSql: string;
  readonly statementTimeoutMs: number;
  readonly clock: Clock;
  readonly limits: CountLimits;
}

/**
 * Counts what `collection` has noted as uncounted, one table at a time, until it is done or the time is over; what was begun goes on in the
 * next run. The session is expected to be read-only and to end after this; it writes the counts to the journal, in one transaction. A
 * table under or before ACCESS EXCLUSIVE waits for another run; one that cannot be counted (no privilege, row security, a table access
 * method other than heap) keeps its estimate until it changes, and one whose count failed for another reason (a slice that took too long)
 * until it changes or an hour has passed. Throws `ConnectionError` and `NotLeaderError`.
 */
export async function countRows(session: Session, collection: Collection, options: CountOptions, signal: AbortSignal): Promise<void> {
  const { clock, statementTimeoutMs, journalSchema, guardSql, limits } = options;
  const deadline = clock.monotonicMs() + limits.budgetMs;
  for (const [oid, { retryAtMs }] of collection.uncountable) if (clock.monotonicMs() >= retryAtMs) collection.uncountable.delete(oid);
  const timeoutMs = statementTimeoutMs === 0 ? limits.sliceTimeoutMs : Math.min(limits.sliceTimeoutMs, statementTimeoutMs);
  // Policies of row security would hide rows from the count; so it fails.
  if (collection.uncounted.length > 0) await session.execute(`SET statement_timeout = ${timeoutMs}; SET row_security = off`, signal);
  for (const table of collection.uncounted) {
    if (clock.monotonicMs() >= deadline) break;
    const counting = { session, blocksPerSlice: limits.blocksPerSlice, clock, deadline, signal };
    await tryCount(counting, table, collection);
  }
  if (collection.unsaved.size === 0) return;
  await writeRowCounts(session, journalSchema, [...collection.unsaved.values()], guardSql, signal);
  collection.unsaved.clear();
}

interface Counting {
  readonly session: Session;
  readonly blocksPerSlice: number;
  readonly clock: Clock;
  /** As of `monotonicMs`. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

async function tryCount(counting: Counting, table: Uncounted, collection: Collection): Promise<void> {
  const { oid, evidence } = table;
  const begun =
    collection.partial?.oid === oid && collection.partial.evidence === evidence ? collection.partial : { ...table, from: 0, rows: 0 };
  try {
    const count = await countSlices(counting, begun);
    if (count === 'uncountable') collection.uncountable.set(oid, { evidence, retryAtMs: Number.POSITIVE_INFINITY });
    else if (count === 'locked') return;
    else if (count.isComplete) remember(collection, { oid, evidence, rows: count.rows });
    else collection.partial = { oid, evidence, from: count.from, rows: count.rows };
  } catch (error) {
    counting.signal.throwIfAborted();
    if (!(error instanceof StatementError)) throw error;
    const { sqlstate } = error;
    if (isLockFailure(error)) return;
    const isForGood = sqlstate === sqlstates.insufficientPrivilege;
    const retryAtMs = isForGood ? Number.POSITIVE_INFINITY : counting.clock.monotonicMs() + retryMs;
    collection.uncountable.set(oid, { evidence, retryAtMs });
  }
}

function remember(collection: Collection, count: Uncounted & { readonly rows: number }): void {
  collection.counts?.set(count.oid, count);
  collection.unsaved.set(count.oid, count);
  if (collection.partial?.oid === count.oid) collection.partial = null;
}

type Counted = 'uncountable' | 'locked' | (Pick<PartialCount, 'from' | 'rows'> & { readonly isComplete: boolean });

/** Looks before each slice, as somebody may have come to wait. */
async function countSlices({ session, blocksPerSlice, clock, deadline, signal }: Counting, begun: PartialCount): Promise<Counted> {
  let { from, rows } = begun;
  for (;;) {
    const [target] = await session.rows(countTargetSql, [begun.oid], decodeCountTarget, signal);
    if (target === undefined || !target.isHeap) return 'uncountable';
    if (target.blocks === null) return 'locked';
    const isLast = from + blocksPerSlice >= target.blocks;
    const to = isLast ? null : from + blocksPerSlice;
    const query = countRowsSql(target, from, to);
    const [counted] = await session.rows(query, [formatQualifiedName(target)], decodeRowsCounted, signal);
    if (counted === undefined || counted.oid !== begun.oid) return 'uncountable';
    rows += counted.rows;
    if (to === null) return { from, rows, isComplete: true };
    from = to;
    if (clock.monotonicMs() >= deadline) return { from, rows, isComplete: false };
  }
}
