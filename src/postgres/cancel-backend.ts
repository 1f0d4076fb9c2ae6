import type { Connection } from '../partition/policy.ts';
import type { Backend } from './pin-settings.ts';
import type { SessionObserver } from './session-observer.ts';
import { withShortConnection } from './short-connection.ts';

/** A pid alone may be anybody's: the URL may lead to another server by now, and the number may have passed to another session. */
const cancelSql =
  '/* partitiond:cancel */ SELECT pg_catalog.pg_cancel_backend(s.pid) FROM pg_catalog.pg_stat_activity AS s WHERE s.pid = $1 ' +
  'AND s.usename OPERATOR(pg_catalog.=) CURRENT_USER AND s.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() ' +
  'AND (EXTRACT(epoch FROM s.backend_start) * 1000000)::pg_catalog.int8 OPERATOR(pg_catalog.=) $2::pg_catalog.int8';

/**
 * Asks the server to cancel what `backend` runs, over a second connection; resolves once the signal has been sent, so that it cannot hit a
 * later statement, or once it is clear that there is no such backend there. A client-side timeout would leave the statement running; only
 * the server can stop it. Rejects when the server cannot be asked within `withinMs`.
 */
export async function cancelBackend(
  connection: Connection,
  backend: Backend,
  withinMs: number,
  observer: SessionObserver | undefined,
): Promise<void> {
  await withShortConnection(connection, { applicationName: 'partitiond:cancel', withinMs, observer }, (client) =>
    client.query(cancelSql, [backend.pid, backend.startedAt]),
  );
}
