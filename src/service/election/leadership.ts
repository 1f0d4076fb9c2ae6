import { createHash } from 'node:crypto';
import { NotLeaderError } from '../../errors.ts';
import { releaseAdvisoryLock, tryAdvisoryLock } from '../../postgres/advisory-lock.ts';
import type { Session } from '../../postgres/session.ts';
import { claimEpoch, type Epoch } from '../../reconcile/claim-epoch.ts';
import { decodeHoldsLock, decodeIdentity, holdsLockSql, identitySql, type ServerIdentity } from './leadership.sql.ts';

/**
 * One leader per database: a session advisory lock says who, an epoch in the journal fences whoever only believes so. The lock lives and
 * dies with its session; this file knows nothing of schedules or of what a leader does.
 */
export interface Leadership extends Epoch {
  /** Where it was won: work on any other server is no work of this leader. */
  readonly identity: ServerIdentity;
  /** Resolves while the lock is held by this very backend; throws `NotLeaderError` otherwise, `ConnectionError` when the server is gone. */
  confirm(signal: AbortSignal): Promise<void>;
  /** Gives the lock back; the session stays open. Never throws: the lock ends with the session anyway. */
  release(): Promise<void>;
  /** Starts a new epoch, and leaves the lock where it is; for a configuration that has been loaded anew. Throws like `tryLead`. */
  claimAgain(request: LeadRequest, signal: AbortSignal): Promise<Leadership>;
}

export interface LeadRequest {
  readonly journalSchema: string;
  /** Recorded in the journal, for example `partitiond:run pod-1`. */
  readonly who: string;
  /** Digest of the database's policy. */
  readonly configurationHash: string;
  /** How long ago a daemon loaded its configuration; a one-shot command, which has just done so, leaves it out. */
  readonly loadedAgoMs?: () => number;
  /** What the session has already said of its server; it is asked otherwise. */
  readonly identity?: ServerIdentity;
}

/** With the 5 s after which an abort gives the connection up, a stop stays within its 20 s. */
const releaseTimeoutMs = 2_000;

/**
 * Takes the lock and starts a new epoch; null when another session leads, and always on a standby. Installs the journal. Throws
 * `ConnectionError`, `StatementError` (no privilege for the journal; 55P03 while a transaction of an earlier leader stays open),
 * `ConfigError` (PD120: a newer journal) and `NotLeaderError` (PD304: an outdated configuration).
 */
export async function tryLead(session: Session, request: LeadRequest, signal: AbortSignal): Promise<Leadership | null> {
  const identity = request.identity ?? (await readIdentity(session, signal));
  if (identity.isInRecovery) return null;
  const key = leadershipKey(identity, request.journalSchema);
  if (!(await tryAdvisoryLock(session, key, signal))) return null;
  const lock: Lock = { identity, confirm: (until) => confirmLock(session, key, until), release: () => releaseLock(session, key) };
  try {
    return await claim(session, lock, request, signal);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Where leadership is switched off: an epoch without a lock; null on a standby. */
export async function leadAlone(session: Session, request: LeadRequest, signal: AbortSignal): Promise<Leadership | null> {
  const identity = request.identity ?? (await readIdentity(session, signal));
  if (identity.isInRecovery) return null;
  const ping = async (until: AbortSignal): Promise<void> => {
    await readIdentity(session, until);
  };
  return await claim(session, { identity, confirm: ping, release: async () => undefined }, request, signal);
}

export async function readIdentity(session: Session, signal: AbortSignal): Promise<ServerIdentity> {
  const [identity] = await session.rows(identitySql, [], decodeIdentity, signal);
  if (identity === undefined) throw new TypeError('read-server-identity returned no row');
  return identity;
}

/** The same for every partitiond with that journal in that database, and for nobody else. */
export function leadershipKey(identity: ServerIdentity, journalSchema: string): bigint {
  const text = JSON.stringify(['partitiond', identity.systemIdentifier, identity.databaseOid, journalSchema]);
  return createHash('sha256').update(text).digest().readBigInt64BE();
}

/** What a leader has besides its epoch. */
type Lock = Pick<Leadership, 'identity' | 'confirm' | 'release'>;

async function claim(
  session: Session,
  lock: Lock,
  request: LeadRequest,
  signal: AbortSignal,
  succeeds: bigint | null = null,
): Promise<Leadership> {
  const { who, configurationHash, loadedAgoMs = null } = request;
  const epoch = await claimEpoch(session, request.journalSchema, { holder: who, configurationHash, loadedAgoMs, succeeds }, signal);
  return { ...lock, ...epoch, claimAgain: (again, until) => claim(session, lock, again, until, epoch.epoch) };
}

async function confirmLock(session: Session, key: bigint, signal: AbortSignal): Promise<void> {
  const [answer] = await session.rows(holdsLockSql, [key.toString()], decodeHoldsLock, signal);
  if (answer?.isHeld === true && answer.pid === session.pid) return;
  const message =
    'The lock of leadership is not held any more. If `url` goes through PgBouncer in transaction mode, use session mode or the server itself.';
  throw new NotLeaderError('PD302', message);
}

async function releaseLock(session: Session, key: bigint): Promise<void> {
  await releaseAdvisoryLock(session, key, AbortSignal.timeout(releaseTimeoutMs)).catch(() => undefined);
}
