import pg from 'pg';
import { ConnectionError, InvariantError } from '../errors.ts';
import type { Connection } from '../partition/policy.ts';
import { cancelBackend } from './cancel-backend.ts';
import { closeClient, connectTimeoutMs, destroyClient, newClient, rawTypes } from './client.ts';
import type { NamedSql } from './named-sql.ts';
import { ObservedConnection } from './observed-connection.ts';
import { type Backend, pinSettings, type SessionSettings } from './pin-settings.ts';
import { announcedPid, assertOwnBackend } from './pooler.ts';
import type { RowDecoder } from './row-decoder.ts';
import { classifyError } from './sqlstate.ts';

/**
 * One session is one backend; a program that must stay out of the application's way holds few of them, so there is no pool. The room turns
 * errors into classes and text into rows and knows nothing of partitions. Every method ends within `settleWithinMs` of an abort, also when
 * the other end of the connection is gone and nothing answers any more: then the connection is destroyed, and the server rolls back.
 */
export interface Session {
  /** Backend pid. */
  readonly pid: number;
  /**
   * Runs one parameterised read and decodes each row; by the extended protocol, which takes one statement alone also without parameters.
   * Past the session's statement timeout, or that of `query`, the connection counts as lost.
   */
  rows<T>(query: NamedSql, parameters: readonly unknown[], decode: RowDecoder<T>, signal: AbortSignal): Promise<readonly T[]>;
  /** Sends SQL by the simple protocol: no parameters, several statements allowed. On abort the backend is cancelled, then the reason thrown. */
  execute(sql: string, signal: AbortSignal): Promise<void>;
  /**
   * Sends statements without semicolons as one message that no abort cancels: brief ones, half of which would be lost work. They have the
   * session's statement timeout each; past that the connection counts as lost. With the first abort of `signal` all that is completed on
   * this session has `settleWithinMs` together. What went wrong is thrown, never the signal's reason.
   */
  complete(statements: readonly string[], signal: AbortSignal): Promise<void>;
  /** BEGIN, body, COMMIT; ROLLBACK when the body throws. */
  transaction<T>(body: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Calls the listener once when the connection is lost rather than closed, until the answer is called. */
  onLost(listener: (error: ConnectionError) => void): () => void;
  /** Calls the listener with each warning that the server sends while a statement is at work, until the answer is called. */
  onNotice(listener: (notice: Notice) => void): () => void;
  close(): Promise<void>;
}

/** What the server says beside the outcome of a statement; `client_min_messages` is pinned to warnings. */
export interface Notice {
  /** In the language of the server's messages. */
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
}

/** What an abort waits for: a statement's end, and the answer to its cancellation. Less than a term takes to end. Milliseconds. */
const settleWithinMs = 4_000;

/** The server ends a read by its own timeout; when that much later there is no answer, there is no server. */
const answerGraceMs = 10_000;

/** Timers hold no more than 31 bits. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Connects and pins everything that changes how the catalog prints (search_path, TimeZone, DateStyle, IntervalStyle, extra_float_digits)
 * and all timeouts. Throws `ConnectionError`, `ConfigError` (PD209) behind a pooler that shares backends, and the signal's reason at once
 * on abort.
 */
export async function connectSession(connection: Connection, settings: SessionSettings, signal: AbortSignal): Promise<Session> {
  signal.throwIfAborted();
  const client = await newClient(connection, settings.applicationName);
  signal.throwIfAborted();
  const observed = new ObservedConnection(settings.observer);
  const lost = new Set<(error: ConnectionError) => void>();
  const notices = new Set<(notice: Notice) => void>();
  let isClosing = false;
  client.on('error', (cause) => {
    if (isClosing) return;
    const error = new ConnectionError('PD206', `The connection to the server was lost: ${cause.message}.`, { cause });
    const listeners = [...lost];
    lost.clear();
    for (const listener of listeners) listener(error);
  });
  client.on('end', () => observed.closed());
  client.on('notice', ({ severity = '', code = '', message = '' }) => {
    for (const listener of notices) listener({ severity, sqlstate: code, message });
  });
  const giveUp = (): void => destroyClient(client);
  // pg's own timeout ends with the handshake; the pins may hang as well.
  const late = setTimeout(giveUp, 1.5 * connectTimeoutMs);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await client.connect();
    const backend = await pinOwnBackend(client, connection, settings, signal);
    observed.connected();
    return new ClientSession(client, { connection, backend, settings, observed, lost, notices }, () => {
      isClosing = true;
    });
  } catch (error) {
    isClosing = true;
    observed.failed(error);
    await closeClient(client);
    signal.throwIfAborted();
    throw classifyError(error, 'connect to the database');
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', giveUp);
  }
}

/** Pins at once on a backend that is ours, else when that is proved. */
async function pinOwnBackend(client: pg.Client, connection: Connection, settings: SessionSettings, signal: AbortSignal): Promise<Backend> {
  // No backend has the pid 0.
  const announced = await pinSettings(client, settings, announcedPid(client) ?? 0);
  if (announced !== null) return announced;
  await assertOwnBackend(client, connection, settings.observer, signal);
  const proved = await pinSettings(client, settings, null);
  if (proved === null) throw new InvariantError('PD903', 'pin-session returned no row');
  return proved;
}

/** What a session knows besides its client. */
interface Established {
  readonly connection: Connection;
  readonly backend: Backend;
  readonly settings: SessionSettings;
  readonly observed: ObservedConnection;
  readonly lost: Set<(error: ConnectionError) => void>;
  readonly notices: Set<(notice: Notice) => void>;
}

class ClientSession implements Session {
  readonly pid: number;
  readonly #client: pg.Client;
  readonly #established: Established;
  readonly #beforeClose: () => void;
  #lastWord: NodeJS.Timeout | null = null;

  constructor(client: pg.Client, established: Established, beforeClose: () => void) {
    this.#client = client;
    this.pid = established.backend.pid;
    this.#established = established;
    this.#beforeClose = beforeClose;
  }

  async rows<T>(query: NamedSql, parameters: readonly unknown[], decode: RowDecoder<T>, signal: AbortSignal): Promise<readonly T[]> {
    return await this.#cancellable(`run ${query.name}`, signal, () =>
      this.#within(this.#answerWithinMs(1, query.timeoutMs), this.#established.observed.statement(this.#stream(query, parameters, decode))),
    );
  }

  /** Decodes each row as it arrives: of 100,000 partitions only the decoded ones are ever held. */
  async #stream<T>(query: NamedSql, parameters: readonly unknown[], decode: RowDecoder<T>): Promise<readonly T[]> {
    const rows: T[] = [];
    let failure: Error | null = null;
    // pg would send a text without parameters by the simple protocol, in which it may be several statements.
    const config = { text: query.text, values: [...parameters], types: rawTypes, queryMode: 'extended' };
    const running = this.#client.query(new pg.Query<Record<string, string | null>>(config));
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
    await this.#cancellable('run a statement', signal, () => this.#send(sql));
  }

  async complete(statements: readonly string[], signal: AbortSignal): Promise<void> {
    const hurry = (): void => {
      this.#lastWord ??= setTimeout(() => destroyClient(this.#client), settleWithinMs).unref();
    };
    if (signal.aborted) hurry();
    else signal.addEventListener('abort', hurry, { once: true });
    try {
      await this.#within(this.#answerWithinMs(statements.length), this.#send(statements.join(';\n')));
    } catch (error) {
      throw classifyError(error, 'run a statement');
    } finally {
      signal.removeEventListener('abort', hurry);
    }
  }

  async transaction<T>(body: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#cancellable('begin a transaction', signal, () => this.#within(answerGraceMs, this.#send('BEGIN')));
    try {
      const result = await body();
      await this.execute('COMMIT', signal);
      return result;
    } catch (error) {
      // The rollback must run even after an abort; when the connection is gone there is nothing left to roll back.
      await this.#within(settleWithinMs, this.#send('ROLLBACK')).catch(() => undefined);
      throw error;
    }
  }

  onLost(listener: (error: ConnectionError) => void): () => void {
    const { lost } = this.#established;
    lost.add(listener);
    return () => lost.delete(listener);
  }

  onNotice(listener: (notice: Notice) => void): () => void {
    const { notices } = this.#established;
    notices.add(listener);
    return () => notices.delete(listener);
  }

  async close(): Promise<void> {
    this.#beforeClose();
    if (this.#lastWord !== null) clearTimeout(this.#lastWord);
    await closeClient(this.#client);
    this.#established.observed.closed();
  }

  async #send(sql: string): Promise<void> {
    await this.#established.observed.statement(this.#client.query(sql));
  }

  /** The server ends each statement of a message by its own timeout. */
  #answerWithinMs(statements: number, statementTimeoutMs: number = this.#established.settings.statementTimeoutMs): number {
    return statementTimeoutMs === 0 ? longestTimerMs : Math.min(statements * statementTimeoutMs + answerGraceMs, longestTimerMs);
  }

  /** Destroys the connection when `running` takes longer, which then fails. */
  async #within<T>(ms: number, running: Promise<T>): Promise<T> {
    const late = setTimeout(() => destroyClient(this.#client), ms);
    try {
      return await running;
    } finally {
      clearTimeout(late);
    }
  }

  async #cancellable<T>(doing: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const cancelling: Promise<void>[] = [];
    let late: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      late = setTimeout(() => destroyClient(this.#client), settleWithinMs);
      // A cancel that the server refuses leaves the statement to `late`.
      const { connection, backend, settings } = this.#established;
      cancelling.push(cancelBackend(connection, backend, settleWithinMs, settings.observer).catch(() => undefined));
    };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await run();
    } catch (error) {
      signal.throwIfAborted();
      throw classifyError(error, doing);
    } finally {
      signal.removeEventListener('abort', cancel);
      // Under way it could hit the next statement, the rollback for one.
      await Promise.all(cancelling);
      clearTimeout(late);
    }
  }
}
