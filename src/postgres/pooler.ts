import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { ConfigError, ConnectionError } from '../errors.ts';
import type { Connection } from '../partition/policy.ts';
import type { SessionObserver } from './session-observer.ts';
import { withShortConnection } from './short-connection.ts';
import { sqlstates } from './sqlstate.ts';

/** In a pool at rest both proofs take milliseconds; a server under load is given this long. */
const proofWithinMs = 5_000;
/** For the second connection and its proof; a pool that gives none by then is full. */
const secondWithinMs = 10_000;
const idleTimeoutMs = 100;

/**
 * The pid that the server announced when it let `client` in; null when it announced none. A pooler announces a number of its own, as it
 * has a backend only later: so a connection whose `pg_backend_pid()` differs goes through a pooler.
 */
export function announcedPid(client: pg.Client): number | null {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : null;
}

/**
 * Proves that the pooler behind `connection` leaves a connection its backend for as long as the connection lasts (PgBouncer's `pool_mode =
 * session`). Else it throws `ConfigError` PD209: the settings that a session pins, its advisory locks and its cancellations would hit
 * whoever has the backend next. To be called before anything is pinned on `client`. Also throws `ConnectionError` (PD205) when the pool
 * gives no second connection, and what pg throws.
 *
 * The proof is something that a backend says of its own accord to a connection that is idle: only a connection that keeps its backend
 * hears it. (Whether two connections are given one backend proves less: they may come to different poolers behind one address, or into
 * the traffic of a busy pool.)
 */
export async function assertOwnBackend(
  client: pg.Client,
  connection: Connection,
  observer: SessionObserver | undefined,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + secondWithinMs;
  const short = { applicationName: 'partitiond:pooler', withinMs: secondWithinMs, observer, signal };
  let isOwn = false;
  try {
    isOwn = await withShortConnection(connection, short, (second) => keepsItsBackend(second, client));
  } catch (cause) {
    if (signal.aborted || performance.now() < deadline) throw cause;
    const message = `The pooler gave no second connection within ${secondWithinMs / 1000} s: raise its pool size, partitiond needs up to five.`;
    throw new ConnectionError('PD205', message, { cause });
  }
  if (isOwn) return;
  throw new ConfigError(
    'PD209',
    'The connection goes through a pooler in transaction or statement mode, where settings and locks pass from session to session: ' +
      'point `url` at the server itself or at a pool with pool_mode = session.',
  );
}

async function keepsItsBackend(second: pg.Client, first: pg.Client): Promise<boolean> {
  try {
    return await hears(second, first);
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === sqlstates.readOnlyTransaction) return await endsWhenIdle(second);
    throw error;
  }
}

/** Whether `second`, idle, hears what `first` notifies. When `first` hears it, it was given the backend on which `second` had listened. */
async function hears(second: pg.Client, first: pg.Client): Promise<boolean> {
  const channel = `partitiond_${randomBytes(8).toString('hex')}`;
  const heard = new Promise<boolean>((resolve) => {
    second.once('notification', () => resolve(true));
    second.once('end', () => resolve(false));
    first.once('notification', () => resolve(false));
  });
  await second.query(`LISTEN ${channel}`);
  await first.query(`NOTIFY ${channel}`);
  const isOwn = await inTime(heard);
  first.removeAllListeners('notification');
  await second.query(`UNLISTEN ${channel}`);
  return isOwn;
}

/**
 * A standby knows no notifications, but there, too, a backend ends itself for being idle and says so. Nowhere else is this the better
 * proof: through a transaction pooler it costs the application one of its connections.
 */
async function endsWhenIdle(second: pg.Client): Promise<boolean> {
  const ended = new Promise<Error>((resolve) => {
    second.once('error', resolve);
  });
  await second.query(`SELECT pg_catalog.set_config('idle_session_timeout', '${idleTimeoutMs}', false)`);
  const end = await inTime(ended);
  if (end === false) return false;
  if (end instanceof pg.DatabaseError && end.code === sqlstates.idleSessionTimeout) return true;
  throw end;
}

async function inTime<T>(proof: Promise<T>): Promise<T | false> {
  const over = new AbortController();
  try {
    return await Promise.race([proof, delay(proofWithinMs, false as const, { signal: over.signal })]);
  } finally {
    over.abort();
  }
}
