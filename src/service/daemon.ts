import { hostname } from 'node:os';
import type { Configuration } from '../config/configuration.ts';
import type { Clock } from '../postgres/clock.ts';
import { logReconcile } from '../telemetry/log-reconcile.ts';
import type { Logger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createAdminApp } from './admin-app.ts';
import { DatabaseWorker } from './database-worker.ts';
import { type HttpServer, listenHttp } from './http-server.ts';
import { createPublicApp } from './public-app.ts';
import { Readiness } from './readiness.ts';
import { createStatusReader } from './status-reader.ts';
import type { Surroundings } from './surroundings.ts';

export interface DaemonOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Of the package. */
  readonly version: string;
  /** Called once both servers listen and before any database is touched. */
  readonly onListening?: (listening: Listening) => void;
}

/** Where the daemon answers; ports are the real ones. */
export interface Listening {
  readonly http: { readonly url: string };
  readonly admin: { readonly url: string };
}

/** Of the 25 s that a stop may take; the rest is for closing HTTP and for the process itself. */
const stopWithinMs = 20_000;

/**
 * The daemon: one worker per database and the HTTP servers around them, until `signal`. Then: no new work, what can be cancelled is, short
 * DDL commits, leadership is given back, HTTP goes last; within 25 s. Returns normally after a stop; throws `ConfigError` when an address
 * cannot be listened on.
 */
export async function runDaemon(configuration: Configuration, options: DaemonOptions, signal: AbortSignal): Promise<void> {
  const { logger, clock, version } = options;
  const metrics = createMetrics({
    version,
    revision: '',
    databases: configuration.databases.map((database) => database.name),
    limits: configuration.metrics,
    nowSeconds: () => Number(clock.now()) / 1e6,
  });
  metrics.configurationLoaded(true);
  const who = `partitiond:run ${hostname()}/${process.pid}`;
  const surroundings: Surroundings = {
    configuration,
    loadedAtMs: clock.monotonicMs(),
    logger,
    logRun: logReconcile(logger),
    metrics,
    clock,
    who,
    crash: () => undefined,
  };
  const workers = configuration.databases.map((database) => new DatabaseWorker(database, surroundings));
  const readiness = new Readiness(workers);
  const readStatus = createStatusReader(configuration.databases, surroundings);
  const servers: HttpServer[] = [];
  try {
    const http = await listenHttp(createPublicApp({ metrics, readiness, readStatus, logger, version }), configuration.http, 'http');
    servers.push(http);
    const admin = await listenHttp(createAdminApp(workers, logger), configuration.admin, 'admin');
    servers.push(admin);
    logger.info('http listening', { listener: 'http', host: http.host, port: http.port, url: http.url });
    logger.info('http listening', { listener: 'admin', host: admin.host, port: admin.port, url: admin.url });
    options.onListening?.({ http, admin });
    readiness.started();
    await work(workers, surroundings, readiness, signal);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
  logger.info('stopped');
}

async function work(
  workers: readonly DatabaseWorker[],
  surroundings: Surroundings,
  readiness: Readiness,
  signal: AbortSignal,
): Promise<void> {
  const { logger, clock, configuration } = surroundings;
  logger.info('started', { databases: configuration.databases.map((database) => database.name), who: surroundings.who });
  const stopping = (): void => {
    readiness.stopping();
    logger.info('stopping');
  };
  if (signal.aborted) stopping();
  else signal.addEventListener('abort', stopping, { once: true });
  const ended = new AbortController();
  const all = Promise.all(workers.map((worker) => worker.run(signal)));
  try {
    await Promise.race([all, deadline(clock, signal, ended.signal)]);
    if (workers.some((worker) => worker.isLeading)) logger.error('stopped before all work had ended', { withinMs: stopWithinMs });
  } finally {
    ended.abort();
    signal.removeEventListener('abort', stopping);
  }
}

/** Resolves `stopWithinMs` after `signal`, unless `ended` comes first: then never, or right away. */
async function deadline(clock: Clock, signal: AbortSignal, ended: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await clock.sleep(stopWithinMs, ended).catch(() => undefined);
}
