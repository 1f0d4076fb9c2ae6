import type { Connection } from '../partition/policy.ts';
import type { SessionObserver } from './session-observer.ts';
import { withShortConnection } from './short-connection.ts';

/**
 * Asks the server to cancel what backend `pid` runs, over a second connection; resolves once the signal has been sent, so that it cannot
 * hit a later statement. A client-side timeout would leave the statement running; only the server can stop it. Rejects when the server
 * cannot be asked within `withinMs`.
 */
export async function cancelBackend(
  connection: Connection,
  pid: number,
  withinMs: number,
  observer: SessionObserver | undefined,
): Promise<void> {
  await withShortConnection(connection, { applicationName: 'partitiond:cancel', withinMs, observer }, (client) =>
    client.query('SELECT pg_catalog.pg_cancel_backend($1)', [pid]),
  );
}
