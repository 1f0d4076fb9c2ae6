import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Listener } from '../../config/configuration.ts';
import { ConfigError } from '../../errors.ts';

/** A listening server. */
export interface HttpServer {
  readonly host: string;
  /** The real one where the configuration says 0. */
  readonly port: number;
  /** For people on this machine, for example `http://127.0.0.1:9788`. */
  readonly url: string;
  /** Stops accepting, gives requests in work a second, then cuts them off. */
  close(): Promise<void>;
}

const closeGraceMs = 1_000;

/** Slow or idle clients give their connection back: Node's own limits are 5 minutes for a request and 60 s between two of its headers. */
const limits = {
  requestTimeout: 30_000,
  headersTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16_384,
};

/** A client that does not read its answer (megabytes, for /metrics) loses it after this; longer than any answer takes to make. */
const longestSilenceMs = 60_000;

/** Enough for scrapers, probes and people; not for exhausting the memory or the file descriptors of the process. */
const maxConnections = 128;

/** Serves `app` on `listener`. Throws `ConfigError` when the address cannot be listened on; `keyPath` (`http`, `admin`) names it. */
export async function listenHttp(
  app: Hono,
  listener: Listener,
  keyPath: string,
  silenceMs: number = longestSilenceMs,
): Promise<HttpServer> {
  const respond = getRequestListener(app.fetch);
  const server = createServer(limits, (request, response) => {
    respond(request, response).catch(() => response.destroy());
  });
  server.maxConnections = maxConnections;
  server.timeout = silenceMs;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: listener.host, port: listener.port }, resolve);
    });
  } catch (cause) {
    throw cannotListen(listener, keyPath, cause);
  }
  const port = portOf(server.address(), listener.port);
  return { host: listener.host, port, url: `http://${reachable(listener.host)}:${port}`, close: () => close(server) };
}

function portOf(address: AddressInfo | string | null, fallback: number): number {
  return address === null || typeof address === 'string' ? fallback : address.port;
}

/** A host under which a listener on every address answers on this machine; IPv6 in brackets. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function cannotListen(listener: Listener, keyPath: string, cause: unknown): ConfigError {
  const said = cause instanceof Error ? cause.message : String(cause);
  const message = `Could not listen on ${listener.host}:${listener.port}: ${said}. Change \`${keyPath}.host\` or \`${keyPath}.port\`.`;
  return new ConfigError('PD130', message, [{ path: `${keyPath}.port`, message, line: null }], { cause });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), closeGraceMs);
  await closed;
  clearTimeout(timer);
}
