import { hostname } from 'node:os';
import type { ConfigurationFile } from '../config/configuration-file.ts';
import type { Clock } from '../postgres/clock.ts';
import { type ChangeableLogger, createChangeableLogger } from '../telemetry/changeable-logger.ts';
import { logReconcile } from '../telemetry/log-reconcile.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { abortWith } from './abort-with.ts';
import { crashSwitch } from './crash-switch.ts';
import { Fleet } from './fleet.ts';
import { createAdminApp } from './http/admin-app.ts';
import { type HttpServer, listenHttp } from './http/http-server.ts';
import { pauseOrders } from './http/pause-orders.ts';
import { createPublicApp } from './http/public-app.ts';
import { createStatusReader } from './http/status-reader.ts';
import { Readiness } from './readiness.ts';
import { Reloader } from './reloader.ts';
import type { Surroundings } from './surroundings.ts';
import { watchConfiguration } from './watch-configuration.ts';

export interface DaemonOptions {
  readonly clock: Clock;
  /** Of the package. */
  readonly version: string;
  /** Calls the listener at each SIGHUP, also for one that came since the process began, until the answer is called. */
  readonly onHangup: (listener: () => void) => () => void;
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

/** The same counted from a drain that came before the stop: together they may take no longer. */
const stopAfterDrainMs = 22_000;

/** The parts of a daemon that lives. */
interface Daemon {
  readonly fleet: Fleet;
  readonly reloader: Reloader;
  readonly readiness: Readiness;
  readonly logger: ChangeableLogger;
}

/**
 * The daemon: one worker per database and the HTTP servers around them, until `signal`. Then: no new work, what can be cancelled is, short
 * DDL commits, leadership is given back, HTTP goes last; within 25 s. Nothing is remembered from an earlier life. Returns normally after a
 * stop; throws `ConfigError` when the configuration cannot be used or an address not be listened on, and what `Surroundings.crash` was given.
 */
export async function runDaemon(file: ConfigurationFile, options: DaemonOptions, signal: AbortSignal): Promise<void> {
  const text = await file.read();
  const configuration = file.parse(text);
  const logger = createChangeableLogger(configuration.log);
  const crash = crashSwitch(logger);
  const end = new AbortController();
  const part = abortWith(signal, end);
  const surroundings = surround(configuration, logger, crash.crash, options);
  const fleet = new Fleet(surroundings, end.signal);
  const daemon: Daemon = {
    fleet,
    logger,
    reloader: new Reloader(file, text, fleet, logger),
    readiness: new Readiness(fleet, options.clock),
  };
  const servers: HttpServer[] = [];
  const stopListening = options.onHangup(() => {
    daemon.reloader.reload('SIGHUP').catch(crash.crash);
  });
  try {
    await listen(daemon, servers, options);
    await Promise.race([work(daemon, file, end.signal), crash.crashed]);
  } finally {
    end.abort(new Error('the daemon has ended'));
    daemon.readiness.stopping();
    part();
    await Promise.all(servers.map((server) => server.close()));
    stopListening();
  }
  logger.info('stopped');
}

function surround(
  configuration: Surroundings['configuration'],
  logger: ChangeableLogger,
  crash: (error: Error) => void,
  { clock, version }: DaemonOptions,
): Surroundings {
  const metrics = createMetrics({
    version,
    revision: '',
    databases: configuration.databases.map((database) => database.name),
    limits: configuration.metrics,
    nowSeconds: () => Number(clock.now()) / 1e6,
    logger,
  });
  metrics.configurationLoaded(true);
  const who = `partitiond:run ${hostname()}/${process.pid}`;
  return { configuration, loadedAtMs: clock.monotonicMs(), logger, logRun: logReconcile(logger), metrics, clock, who, crash };
}

/** Both servers, each put into `servers` as soon as it listens. */
async function listen({ fleet, reloader, readiness, logger }: Daemon, servers: HttpServer[], options: DaemonOptions): Promise<void> {
  const { configuration, metrics } = fleet.surroundings;
  const { clock, version } = options;
  const databases = () => fleet.surroundings.configuration.databases;
  const publicApp = createPublicApp({ metrics, readiness, readStatus: createStatusReader(fleet), databases, clock, logger, version });
  const http = await listenHttp(publicApp, configuration.http, 'http');
  servers.push(http);
  const orders = { ...pauseOrders(fleet), reload: () => reloader.reload('request'), drain: () => drain(fleet) };
  const adminApp = createAdminApp({ databases: fleet, orders, logger });
  const admin = await listenHttp(adminApp, configuration.admin, 'admin');
  servers.push(admin);
  logger.info('http listening', { listener: 'http', host: http.host, port: http.port, url: http.url });
  logger.info('http listening', { listener: 'admin', host: admin.host, port: admin.port, url: admin.url });
  options.onListening?.({ http, admin });
}

/** False when a lock is still held: the workers wait 15 s, and a preStop hook and the SIGTERM after it have 30 s in all. */
async function drain(fleet: Fleet): Promise<boolean> {
  await fleet.drain();
  return ![...fleet].some((worker) => worker.isLeading);
}

async function work({ fleet, reloader, readiness, logger }: Daemon, file: ConfigurationFile, signal: AbortSignal): Promise<void> {
  const { surroundings } = fleet;
  const { clock, crash, who } = surroundings;
  readiness.started();
  const { added } = await fleet.adopt(surroundings);
  logger.info('started', { databases: added, who });
  const check = async (): Promise<void> => {
    await reloader.check(signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  };
  // Not awaited: a look at a file on a network that hangs would hold up the stop.
  watchConfiguration(file.name, check, { clock, logger }, signal).catch(crash);
  await aborted(signal);
  readiness.stopping();
  logger.info('stopping');
  await stopInTime(fleet);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function stopInTime(fleet: Fleet): Promise<void> {
  const { clock, logger } = fleet.surroundings;
  const { drainingSinceMs } = fleet;
  const leftMs = drainingSinceMs === null ? stopWithinMs : drainingSinceMs + stopAfterDrainMs - clock.monotonicMs();
  const withinMs = Math.max(1_000, Math.min(stopWithinMs, leftMs));
  const ended = new AbortController();
  try {
    await Promise.race([fleet.ended(), clock.sleep(withinMs, ended.signal).catch(() => undefined)]);
    if ([...fleet].some((worker) => worker.isLeading)) logger.error('stopped before all work had ended', { withinMs });
  } finally {
    ended.abort();
  }
}
