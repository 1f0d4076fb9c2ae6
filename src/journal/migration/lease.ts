import { InvariantError, NotLeaderError, StatementError } from '../../errors.ts';
import { releaseAdvisoryLock, tryAdvisoryLock } from '../../postgres/advisory-lock.ts';
import type { Clock } from '../../postgres/clock.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { bigint, boolean, row } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import { isLockFailure } from '../../postgres/sqlstate.ts';
import { qualify } from '../qualify.ts';
import { isSaid, say, unsay } from './lease/asking.ts';
import { ofHolders, readHolders } from './lease/holders.ts';
import { leaseKey } from './lease/lease-key.ts';
import { endStopped } from './lease/stopped.ts';

/**
 * Who runs a migration: the coordinator holds an advisory lock of its session, its workers share a second one, and an epoch fences whoever only
 * believes to run it. PostgreSQL's advisory locks are a database's own, so that keys need name no server.
 */
export interface Lease {
  readonly epoch: bigint;
  /** SQL without semicolon that raises PD301 when another process has taken over; keeps the epoch until the transaction ends. */
  readonly guardSql: string;
  /** Gives the coordinator's lock back; the session stays open. Never throws: the lock ends with the session anyway. */
  release(): Promise<void>;
}

export interface LeaseRequest {
  readonly schema: string;
  readonly id: string;
  /** Recorded in the journal. */
  readonly holder: string;
  readonly clock: Clock;
  /** How long a lock of a process that has just been killed is waited for. */
  readonly coordinatorWaitMs: number;
  /** How long its workers are, from the first half of which on they are ended. */
  readonly workersWaitMs: number;
  /** A daemon's: it gives way to whoever asks, see lease/asking.ts; all others ask. */
  readonly yields?: true;
}

const lookEveryMs = 100;
const idleWaitMs = 1_000;
/** A daemon notices within a second that it is asked, and a batch of its copy ends within a few. */
const yieldWaitMs = 20_000;

/**
 * Takes the migration over and starts a new epoch: null while another process runs it. The workers' lock is taken exclusively once, which
 * proves that no statement of a killed process is still at work; sessions of one that is, and whose coordinator is gone, are terminated.
 * Throws `NotLeaderError` (PD307) when they do not end, `ConnectionError`. The journal must be there.
 */
export async function takeLease(session: Session, request: LeaseRequest, signal: AbortSignal): Promise<Lease | null> {
  const { schema, id } = request;
  const key = leaseKey(schema, id, 'coordinator');
  const yields = request.yields === true;
  if (yields && (await isSaid(session, schema, id, 'asking', signal))) return null;
  if (!yields) await say(session, schema, id, 'asking', signal);
  try {
    if (!(await lockCoordinator(session, request, key, signal))) return null;
  } finally {
    if (!yields) await unsay(session, schema, id, 'asking');
  }
  const release = async (): Promise<void> => {
    await releaseAdvisoryLock(session, key, AbortSignal.timeout(2_000)).catch(() => undefined);
    if (yields) await unsay(session, schema, id, 'yielding');
  };
  try {
    if (yields) await say(session, schema, id, 'yielding', signal);
    const epoch = await takeOver(session, request, signal);
    return { epoch, guardSql: `SELECT ${qualify(schema, 'require_migration_epoch')}(${BigInt(id)}, ${epoch})`, release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function lockCoordinator(
  session: Session,
  { schema, id, clock, coordinatorWaitMs, yields }: LeaseRequest,
  key: bigint,
  signal: AbortSignal,
): Promise<boolean> {
  if (await lockWithin(session, key, clock, Math.min(coordinatorWaitMs, idleWaitMs), signal)) return true;
  if (await endStopped(session, schema, id, signal)) return await lockWithin(session, key, clock, idleWaitMs, signal);
  if (yields !== true && (await isSaid(session, schema, id, 'yielding', signal)))
    return await lockWithin(session, key, clock, yieldWaitMs, signal);
  // A backend without a statement would have noticed by now that its client is gone.
  if (coordinatorWaitMs <= idleWaitMs || !(await isAtWork(session, key, signal))) return false;
  return await lockWithin(session, key, clock, coordinatorWaitMs - idleWaitMs, signal);
}

/** A worker's part: the lock that says its session may still be at work. Throws `NotLeaderError` (PD307) while somebody takes the migration over. */
export async function joinWorkers(session: Session, request: Omit<LeaseRequest, 'holder'>, signal: AbortSignal): Promise<void> {
  const { schema, id, clock, workersWaitMs } = request;
  const key = leaseKey(schema, id, 'workers').toString();
  const startedAt = clock.monotonicMs();
  for (;;) {
    const [answer] = await session.rows(trySharedSql, [key], row<{ isHeld: boolean }>({ isHeld: boolean }), signal);
    if (answer?.isHeld === true) return;
    if (clock.monotonicMs() - startedAt >= workersWaitMs) break;
    await clock.sleep(lookEveryMs, signal);
  }
  throw new NotLeaderError('PD307', `Another process is taking migration ${id} over, so this one gives way.`);
}

async function lockWithin(session: Session, key: bigint, clock: Clock, waitMs: number, signal: AbortSignal): Promise<boolean> {
  const startedAt = clock.monotonicMs();
  while (!(await tryAdvisoryLock(session, key, signal))) {
    if (clock.monotonicMs() - startedAt >= waitMs) return false;
    await clock.sleep(lookEveryMs, signal);
  }
  return true;
}

async function takeOver(session: Session, request: LeaseRequest, signal: AbortSignal): Promise<bigint> {
  const { schema, id, clock, workersWaitMs } = request;
  const key = leaseKey(schema, id, 'workers');
  if (!(await lockWithin(session, key, clock, workersWaitMs / 2, signal))) {
    await endHolders(session, key, signal);
    if (!(await lockWithin(session, key, clock, workersWaitMs / 2, signal))) throw await stillAtWork(session, request, key, signal);
  }
  try {
    return await raiseEpoch(session, request, signal);
  } finally {
    await releaseAdvisoryLock(session, key, AbortSignal.timeout(2_000)).catch(() => undefined);
  }
}

/** Waits for a transaction that is past its guard; `lock_timeout` is the session's, so that each attempt is a short one. */
async function raiseEpoch(
  session: Session,
  { schema, id, holder, clock, workersWaitMs }: LeaseRequest,
  signal: AbortSignal,
): Promise<bigint> {
  const raise = namedSql(
    'take-migration-lease',
    /* sql */ `
    INSERT INTO ${qualify(schema, 'migration_lease')} AS l (migration_id, epoch, holder)
    VALUES ($1::pg_catalog.int8, 1, $2)
    ON CONFLICT (migration_id) DO UPDATE SET epoch = l.epoch + 1, holder = EXCLUDED.holder, since = pg_catalog.clock_timestamp()
    RETURNING l.epoch AS "epoch"`,
  );
  const startedAt = clock.monotonicMs();
  for (;;) {
    try {
      const [raised] = await session.rows(raise, [id, holder], row<{ epoch: bigint }>({ epoch: bigint }), signal);
      if (raised === undefined) throw new InvariantError('PD903', 'take-migration-lease returned no epoch');
      return raised.epoch;
    } catch (error) {
      if (!isLockFailure(error) || clock.monotonicMs() - startedAt >= workersWaitMs) throw error;
      await clock.sleep(lookEveryMs, signal);
    }
  }
}

const trySharedSql = namedSql('join-migration-workers', 'SELECT pg_catalog.pg_try_advisory_lock_shared($1::pg_catalog.int8) AS "isHeld"');

const endHoldersSql = namedSql(
  'end-migration-workers',
  `SELECT l.pid AS "pid", pg_catalog.pg_terminate_backend(l.pid) AS "isTold" ${ofHolders}`,
);

const busyHoldersSql = namedSql(
  'read-migration-coordinator',
  `SELECT l.pid AS "pid" ${ofHolders}
    AND EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = l.pid AND a.state = 'active')`,
);

async function isAtWork(session: Session, key: bigint, signal: AbortSignal): Promise<boolean> {
  return (await session.rows(busyHoldersSql, [key.toString()], () => null, signal)).length > 0;
}

/** A role that may not end them waits instead. */
async function endHolders(session: Session, key: bigint, signal: AbortSignal): Promise<void> {
  try {
    await session.rows(endHoldersSql, [key.toString()], () => null, signal);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
  }
}

async function stillAtWork(session: Session, { id }: LeaseRequest, key: bigint, signal: AbortSignal): Promise<NotLeaderError> {
  const pids = (await readHolders(session, key, signal)).join(', ');
  return new NotLeaderError(
    'PD307',
    `Sessions of an earlier process still work on migration ${id} (pid ${pids}). End them with pg_terminate_backend, then start again.`,
  );
}
