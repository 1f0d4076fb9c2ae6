import type { Connection } from '../partition/policy.ts';
import { closeClient, destroyClient, newClient } from './client.ts';

/**
 * Asks the server to cancel what backend `pid` runs, over a second connection; resolves once the signal has been sent, so that it cannot
 * hit a later statement. A client-side timeout would leave the statement running; only the server can stop it. Rejects when the server
 * cannot be asked within `withinMs`.
 */
export async function cancelBackend(connection: Connection, pid: number, withinMs: number): Promise<void> {
  const client = await newClient(connection, 'partitiond:cancel');
  client.on('error', () => undefined);
  const late = setTimeout(() => destroyClient(client), withinMs);
  try {
    await client.connect();
    await client.query('SELECT pg_catalog.pg_cancel_backend($1)', [pid]);
  } finally {
    clearTimeout(late);
    // The signal has been sent or never will be; the caller need not wait for the goodbye.
    closeClient(client).catch(() => undefined);
  }
}
