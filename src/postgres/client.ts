import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { ConnectionError } from '../errors.ts';
import type { Connection } from '../partition/policy.ts';

/** How long a server may take to answer a connection, and how long until the probes of an idle one begin. Milliseconds. */
export const connectTimeoutMs = 10_000;
const keepAliveDelayMs = 10_000;
const closeWithinMs = 2_000;

/** Everything stays text: decoders parse (pg hands int8 over as a string and cuts timestamps to milliseconds). */
export const rawTypes: pg.CustomTypesConfig = { getTypeParser: () => (value: string) => value };

/** A client that is not connected yet. Reads the file of a `urlFile` anew each time. Throws `ConnectionError` (PD207, PD208). */
export async function newClient(connection: Connection, applicationName: string): Promise<pg.Client> {
  const connectionString = connection.kind === 'url' ? connection.url : await readUrlFile(connection.path);
  // pg would take an empty text, as of a secret not yet written, for "whatever PGHOST or this machine offers".
  if (!/^postgres(ql)?:\/\//.test(connectionString)) throw notAUrl(connection);
  try {
    return new pg.Client({
      connectionString: withStrictTls(connectionString),
      application_name: applicationName,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveDelayMs,
      types: rawTypes,
    });
  } catch (cause) {
    throw cause instanceof Error && 'path' in cause ? unreadable(cause) : notAUrl(connection, { cause });
  }
}

/**
 * pg, too, verifies everything at these words, but warns on stderr, between the lines of the log, that a later version will not. With
 * `uselibpqcompat` they mean what libpq takes them for.
 */
function withStrictTls(url: string): string {
  return /[?&]uselibpqcompat=true/.test(url) ? url : url.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/, '$1verify-full');
}

/** Ends the connection without asking the other end, which may be gone; whatever waits on it fails at once. */
export function destroyClient(client: pg.Client): void {
  client.connection.stream.destroy();
}

/** Says goodbye, but not for long: on a half-open connection nobody answers. Never throws. */
export async function closeClient(client: pg.Client): Promise<void> {
  const late = setTimeout(() => destroyClient(client), closeWithinMs);
  try {
    await client.end();
  } catch {
    // It is closed either way.
  } finally {
    clearTimeout(late);
  }
}

async function readUrlFile(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new ConnectionError('PD207', `Could not read the connection URL from ${path}.`, { cause });
  }
}

/** Of the files that a URL can name: `sslrootcert`, `sslcert`, `sslkey`. */
function unreadable(cause: Error): ConnectionError {
  return new ConnectionError('PD203', `Could not read a certificate that the connection URL names: ${cause.message}.`, { cause });
}

/** Nothing of the text is quoted: it may hold a password. */
function notAUrl(connection: Connection, options: ErrorOptions = {}): ConnectionError {
  const what = connection.kind === 'url' ? '`url`' : `What ${connection.path} holds`;
  return new ConnectionError(
    'PD208',
    `${what} is not a PostgreSQL connection URL (postgresql://user:password@host:port/database).`,
    options,
  );
}
