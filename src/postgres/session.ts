import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { ConnectionError } from '../errors.ts';
import type { Connection } from '../partition/policy.ts';
import type { NamedSql } from './named-sql.ts';
import type { RowDecoder } from './row-decoder.ts';
import { classifyError } from './sqlstate.ts';

/**
 * The only importer of pg's client. One session is one backend; a program that must stay out of the application's way holds few of them,
 * so there is no pool. The room turns errors into classes and text into rows and knows nothing of partitions.
 */
export interface SessionSettings {
  /** Shows in pg_stat_activity, for example `partitiond:apply`. */
  readonly applicationName: string;
  /** For reads; steps set their own. Milliseconds. */
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
}

export interface Session {
  /** Backend pid. */
  readonly pid: number;
  /** Runs one parameterised read and decodes each row. */
  rows<T>(query: NamedSql, parameters: readonly unknown[], decode: RowDecoder<T>, signal: AbortSignal): Promise<readonly T[]>;
  /** Sends SQL by the simple protocol: no parameters, several statements allowed. On abort the backend is cancelled, then the reason thrown. */
  execute(sql: string, signal: AbortSignal): Promise<void>;
  /** BEGIN, body, COMMIT; ROLLBACK when the body throws. */
  transaction<T>(body: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Called once when the connection is lost rather than closed. */
  onLost(listener: (error: ConnectionError) => void): void;
  close(): Promise<void>;
}

/** Half-open connections are found in seconds rather than in the two hours of TCP's defaults; any role may set these. */
const connectTimeoutMs = 10_000;
const keepAliveDelayMs = 10_000;

/** Everything stays text: decoders parse (pg hands int8 over as a string and cuts timestamps to milliseconds). */
const rawTypes = { getTypeParser: () => (value: string) => value };

/**
 * Connects and pins everything that changes how the catalog prints (search_path, TimeZone, DateStyle, IntervalStyle, extra_float_digits)
 * and all timeouts. Throws `ConnectionError`.
 */
export async function connectSession(connection: Connection, settings: SessionSettings, signal: AbortSignal): Promise<Session> {
  signal.throwIfAborted();
  const connectionString = connection.kind === 'url' ? connection.url : await readUrlFile(connection.path);
  const client = newClient(connectionString, settings.applicationName);
  const lost: ((error: ConnectionError) => void)[] = [];
  let isClosing = false;
  client.on('error', (cause) => {
    if (isClosing) return;
    const error = new ConnectionError('PD206', `The connection to the server was lost: ${cause.message}.`, { cause });
    for (const listener of lost.splice(0)) listener(error);
  });
  try {
    await client.connect();
    const pid = await pinSettings(client, settings);
    return new ClientSession(client, pid, connectionString, lost, () => {
      isClosing = true;
    });
  } catch (error) {
    isClosing = true;
    await client.end().catch(() => undefined);
    throw classifyError(error, 'connect to the database');
  }
}

async function readUrlFile(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new ConnectionError('PD207', `Could not read the connection URL from ${path}.`, { cause });
  }
}

function newClient(connectionString: string, applicationName: string): pg.Client {
  try {
    return new pg.Client({
      connectionString,
      application_name: applicationName,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveDelayMs,
      types: rawTypes,
    });
  } catch (cause) {
    throw new ConnectionError('PD208', '`url` is not a PostgreSQL connection URL (postgresql://user:password@host:port/database).', {
      cause,
    });
  }
}

async function pinSettings(client: pg.Client, settings: SessionSettings): Promise<number> {
  const pins: Readonly<Record<string, string>> = {
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
  };
  const calls = Object.keys(pins).map((_, i) => `pg_catalog.set_config($${2 * i + 1}, $${2 * i + 2}, false)`);
  const result = await client.query<{ pid: string }>({
    text: `/* partitiond:pin-session */ SELECT ${calls.join(', ')}, pg_catalog.pg_backend_pid() AS "pid"`,
    values: Object.entries(pins).flat(),
  });
  return Number(result.rows[0]?.pid);
}

class ClientSession implements Session {
  readonly pid: number;
  readonly #client: pg.Client;
  readonly #connectionString: string;
  readonly #lost: ((error: ConnectionError) => void)[];
  readonly #beforeClose: () => void;

  constructor(
    client: pg.Client,
    pid: number,
    connectionString: string,
    lost: ((error: ConnectionError) => void)[],
    beforeClose: () => void,
  ) {
    this.#client = client;
    this.pid = pid;
    this.#connectionString = connectionString;
    this.#lost = lost;
    this.#beforeClose = beforeClose;
  }

  async rows<T>(query: NamedSql, parameters: readonly unknown[], decode: RowDecoder<T>, signal: AbortSignal): Promise<readonly T[]> {
    return await this.#cancellable(`run ${query.name}`, signal, () => this.#stream(query, parameters, decode));
  }

  /** Decodes each row as it arrives: of 100,000 partitions only the decoded ones are ever held. */
  async #stream<T>(query: NamedSql, parameters: readonly unknown[], decode: RowDecoder<T>): Promise<readonly T[]> {
    const rows: T[] = [];
    let failure: Error | null = null;
    const running = this.#client.query(
      new pg.Query<Record<string, string | null>>({ text: query.text, values: [...parameters], types: rawTypes }),
    );
    running.on('row', (values) => {
      if (failure !== null) return;
      try {
        rows.push(decode(values, query.name));
      } catch (error) {
        // Thrown from here it would end the process; the rest of the answer must be read first.
        failure = error instanceof Error ? error : new Error(String(error));
      }
    });
    return await new Promise<readonly T[]>((resolve, reject) => {
      running.on('end', () => (failure === null ? resolve(rows) : reject(failure)));
      running.on('error', reject);
    });
  }

  async execute(sql: string, signal: AbortSignal): Promise<void> {
    await this.#cancellable('run a statement', signal, () => this.#client.query(sql));
  }

  async transaction<T>(body: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.execute('BEGIN', signal);
    try {
      const result = await body();
      await this.execute('COMMIT', signal);
      return result;
    } catch (error) {
      // The rollback must run even after an abort; when the connection is gone there is nothing left to roll back.
      await this.#client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  onLost(listener: (error: ConnectionError) => void): void {
    this.#lost.push(listener);
  }

  async close(): Promise<void> {
    this.#beforeClose();
    await this.#client.end().catch(() => undefined);
  }

  async #cancellable<T>(doing: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const cancel = (): void => {
      // A failed cancel leaves the statement to its own timeouts; the caller is told by the statement's end either way.
      void cancelBackend(this.#connectionString, this.pid).catch(() => undefined);
    };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await run();
    } catch (error) {
      signal.throwIfAborted();
      throw classifyError(error, doing);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }
}

/** A client-side timeout would leave the statement running; only the server can stop it. */
async function cancelBackend(connectionString: string, pid: number): Promise<void> {
  const client = newClient(connectionString, 'partitiond:cancel');
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT pg_catalog.pg_cancel_backend($1)', [pid]);
  } finally {
    await client.end().catch(() => undefined);
  }
}
