import pg from 'pg';
import type { SessionObserver } from './session-observer.ts';

/** What of a session's pins differs from session to session. */
export interface SessionSettings {
  /** Shows in pg_stat_activity, for example `partitiond:apply`. */
  readonly applicationName: string;
  /** For reads; steps set their own. Milliseconds. */
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly observer?: SessionObserver;
  /** The server ends the session when nothing is sent for so long: a process that is stopped must not keep its locks. Milliseconds. */
  readonly idleTimeoutMs?: number;
}

/** One backend of one server: nobody else's has both. */
export interface Backend {
  readonly pid: number;
  /** Microseconds since 1970, as text. */
  readonly startedAt: string;
}

/**
 * Pins everything that changes how the catalog prints, all timeouts, and how soon the server notices that this client is gone; answers who
 * the backend is. Any role may set these. With `onlyPid` it answers null on any other backend, and has changed nothing there: a pooler's
 * may be somebody else's with the next statement. Sent as a statement, not in the startup message, of which PgBouncer refuses most.
 */
export async function pinSettings(client: pg.Client, settings: SessionSettings, onlyPid: number | null): Promise<Backend | null> {
  const pins = {
    search_path: 'pg_catalog, pg_temp',
    TimeZone: 'UTC',
    DateStyle: 'ISO, YMD',
    IntervalStyle: 'postgres',
    extra_float_digits: '1',
    statement_timeout: String(settings.statementTimeoutMs),
    lock_timeout: String(settings.lockTimeoutMs),
    // A process that is stopped in the middle of a transaction holds what it locked, the epoch row included, on which the next leader
    // waits: it must be free before that one's 45 s are over. No transaction of ours is idle for longer than it takes to plan a table.
    idle_in_transaction_session_timeout: '20000',
    ...(settings.idleTimeoutMs === undefined ? {} : { idle_session_timeout: String(settings.idleTimeoutMs) }),
    client_min_messages: 'warning',
    // Parallel workers and JIT only add start-up cost to catalog reads.
    jit: 'off',
    max_parallel_workers_per_gather: '0',
    // A client that vanished is noticed in seconds rather than in the two hours of TCP's defaults: its locks would stay as long. Where
    // the platform or the connection (a Unix socket) has no such thing the server ignores them.
    tcp_keepalives_idle: '10',
    tcp_keepalives_interval: '5',
    tcp_keepalives_count: '3',
    tcp_user_timeout: '25000',
  };
  try {
    // In the middle of a long statement nothing is sent, so only this notices that nobody waits for the answer.
    return await pin(client, { ...pins, client_connection_check_interval: '5000' }, onlyPid);
  } catch (error) {
    if (!isRefusedSetting(error)) throw error;
    return await pin(client, pins, onlyPid);
  }
}

/**
 * A limit that somebody set for all transactions counts VACUUM and index builds of hours as well, and ends the session. Unknown before 17.
 * Source: postgresql.org/docs/18/runtime-config-client.html (transaction_timeout).
 */
const unlimitedTransactions =
  "CASE WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 OPERATOR(pg_catalog.>=) 170000 " +
  "THEN pg_catalog.set_config('transaction_timeout', '0', false) END";

async function pin(client: pg.Client, pins: Readonly<Record<string, string>>, onlyPid: number | null): Promise<Backend | null> {
  const calls = Object.keys(pins).map((_, i) => `pg_catalog.set_config($${2 * i + 2}, $${2 * i + 3}, false)`);
  const result = await client.query<{ pid: string; startedAt: string }>({
    text:
      `/* partitiond:pin-session */ SELECT ${calls.join(', ')}, ${unlimitedTransactions}, "pid", ` +
      '(SELECT (EXTRACT(epoch FROM s.backend_start) * 1000000)::pg_catalog.int8 FROM pg_catalog.pg_stat_get_activity("pid") AS s) AS "startedAt" ' +
      'FROM (SELECT pg_catalog.pg_backend_pid() AS "pid") AS "backend" WHERE "pid" = coalesce($1::pg_catalog.int4, "pid")',
    values: [onlyPid, ...Object.entries(pins).flat()],
  });
  const [row] = result.rows;
  return row === undefined ? null : { pid: Number(row.pid), startedAt: row.startedAt };
}

/** Platforms whose poll() cannot tell that a connection was closed refuse client_connection_check_interval (22023). */
function isRefusedSetting(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '22023';
}
