/**
 * A PostgreSQL with nothing to lose: started in a temporary folder, filled with sample tables, and described by a configuration file like
 * anybody's. The room knows how to make and remove it; what partitiond does with it is the business of the commands.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../postgres/clock.ts';
import { connectSession } from '../postgres/session.ts';
import { freePort } from './free-port.ts';
import { samplePolicy } from './sample-policy.ts';
import { sampleRows, sampleRowsSql, sampleTablesSql } from './sample-tables.ts';
import { startServer } from './start-server.ts';

export interface Demo {
  /** The sample database's URL, with password. */
  readonly url: string;
  /** The configuration file, below `folder`. */
  readonly configurationFile: string;
  readonly folder: string;
  readonly tables: number;
  readonly rows: number;
  /** How long loading took. */
  readonly loadMs: number;
  /** Stops the server and removes everything. */
  stop(): Promise<void>;
}

/** The ports that the configuration's defaults name; the next free ones are taken when they are in use. */
const httpPort = 9788;
const adminPort = 9789;

/** Makes the demo. Throws `UsageError` (PD007) where it cannot run here, and the signal's reason; leaves nothing behind then. */
export async function startDemo(signal: AbortSignal): Promise<Demo> {
  const server = await startServer(signal);
  try {
    const url = server.url.replace(/postgres$/, 'demo');
    await execute(server.url, 'CREATE DATABASE demo', signal);
    const startedAt = systemClock.monotonicMs();
    await execute(url, sampleTablesSql(), signal);
    await execute(url, sampleRowsSql(), signal);
    // On its own: in the transaction of the rows it would be over before they count as changed.
    await execute(url, 'ANALYZE', signal);
    const loadMs = systemClock.monotonicMs() - startedAt;
    const http = await freePort(httpPort);
    const configurationFile = join(server.folder, 'partitiond.yaml');
    await writeFile(configurationFile, samplePolicy(url, http, await freePort(adminPort, [http])), { mode: 0o600 });
    const counts = Object.values(sampleRows);
    return {
      url,
      configurationFile,
      folder: server.folder,
      tables: counts.length,
      rows: counts.reduce((sum, count) => sum + count, 0),
      loadMs,
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function execute(url: string, sql: string, signal: AbortSignal): Promise<void> {
  const session = await connectSession(
    { kind: 'url', url },
    { applicationName: 'partitiond:demo', statementTimeoutMs: 0, lockTimeoutMs: 0 },
    signal,
  );
  try {
    await session.execute(sql, signal);
  } finally {
    await session.close();
  }
}
