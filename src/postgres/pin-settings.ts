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

/**
 * Pins everything that changes how the catalog prints, all timeouts, and how soon the server notices that this client is gone; answers the
 * backend's pid. Any role may set these.
 */
export async function pinSettings(client: pg.Client, settings: SessionSettings): Promise<number> {
  const pins = {
    search_path: 'pg_catalog, pg_temp',
    TimeZone: 'UTC',
    DateStyle: 'ISO, YMD',
    IntervalStyle: 'postgres',
    extra_float_digits: '1',
    statement_timeout: String(settings.statementTimeoutMs),
    lock_timeout: String(settings.lockTimeoutMs),
    idle_in_transaction_session_timeout: '60000',
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
    return await pin(client, { ...pins, client_connection_check_interval: '5000' });
  } catch (error) {
    if (!isRefusedSetting(error)) throw error;
    return await pin(client, pins);
  }
}

async function pin(client: pg.Client, pins: Readonly<Record<string, string>>): Promise<number> {
  const calls = Object.keys(pins).map((_, i) => `pg_catalog.set_config($${2 * i + 1}, $${2 * i + 2}, false)`);
  const result = await client.query<{ pid: string }>({
    text: `/* partitiond:pin-session */ SELECT ${calls.join(', ')}, pg_catalog.pg_backend_pid() AS "pid"`,
    values: Object.entries(pins).flat(),
  });
  return Number(result.rows[0]?.pid);
}

/** Platforms whose poll() cannot tell that a connection was closed refuse client_connection_check_interval (22023). */
function isRefusedSetting(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '22023';
}
