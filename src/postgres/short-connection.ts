import type pg from 'pg';
import type { Connection } from '../partition/policy.ts';
import { closeClient, destroyClient, newClient } from './client.ts';
import { ObservedConnection } from './observed-connection.ts';
import type { SessionObserver } from './session-observer.ts';

/** How a short connection shows in pg_stat_activity, and for how long it may take up a place there. */
export interface ShortConnection {
  readonly applicationName: string;
  /** Milliseconds for everything, connecting included; then it is destroyed, and what waits on it fails. */
  readonly withinMs: number;
  readonly observer?: SessionObserver | undefined;
  /** Destroys it as well. */
  readonly signal?: AbortSignal;
}

/**
 * A connection beside a session, for one question that the session itself cannot ask. Nothing is pinned on it. Resolves with the answer
 * without waiting for the goodbye. Throws `ConnectionError` (PD207, PD208) and whatever pg throws.
 */
export async function withShortConnection<T>(
  connection: Connection,
  { applicationName, withinMs, observer, signal }: ShortConnection,
  body: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await newClient(connection, applicationName);
  client.on('error', () => undefined);
  const observed = new ObservedConnection(observer);
  const giveUp = (): void => destroyClient(client);
  const late = setTimeout(giveUp, withinMs);
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    signal?.throwIfAborted();
    await client.connect();
    return await observed.statement(body(client));
  } finally {
    clearTimeout(late);
    signal?.removeEventListener('abort', giveUp);
    close(client, observed).catch(() => undefined);
  }
}

async function close(client: pg.Client, observed: ObservedConnection): Promise<void> {
  await closeClient(client);
  observed.closed();
}
