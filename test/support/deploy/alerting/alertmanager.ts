import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { freePort } from '../../../../src/demo/free-port.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

/** An alert as Alertmanager lists it. */
export interface ManagedAlert {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `inhibitedBy`: fingerprints of the alerts that mute it. */
  readonly status: { readonly state: 'active' | 'suppressed' | 'unprocessed'; readonly inhibitedBy: readonly string[] };
}

export interface Alertmanager extends AsyncDisposable {
  readonly url: string;
  alerts(): Promise<readonly ManagedAlert[]>;
}

interface Route {
  readonly routes?: readonly Route[];
  readonly [key: string]: unknown;
}

interface AlertmanagerConfiguration {
  readonly route: Route;
  readonly receivers: readonly { readonly name: string }[];
  readonly [key: string]: unknown;
}

/**
 * An Alertmanager's configuration whose receivers, each under its own name, tell `webhookUrl`, also of what is over, and whose groups do not
 * make anybody wait. Routes, matchers, inhibitions and the time after which something is repeated stay as they are.
 */
export function forTest(text: string, webhookUrl: string): string {
  const configuration: AlertmanagerConfiguration = parse(text);
  const receivers = configuration.receivers.map(({ name }) => ({
    name,
    webhook_configs: [{ url: `${webhookUrl}/${encodeURIComponent(name)}`, send_resolved: true }],
  }));
  return stringify({ ...configuration, receivers, route: withoutWaiting(configuration.route) });
}

function withoutWaiting(route: Route, isRoot = true): Route {
  const times = Object.fromEntries(['group_wait', 'group_interval'].flatMap((key) => (isRoot || key in route ? [[key, '1s']] : [])));
  const routes = route.routes?.map((inner) => withoutWaiting(inner, false));
  return { ...route, ...times, ...(routes === undefined ? {} : { routes }) };
}

/** Starts an Alertmanager without a cluster on a free port of 127.0.0.1. `folder` is the caller's. */
export async function startAlertmanager(binary: string, configuration: string, folder: string): Promise<Alertmanager> {
  const port = await freePort(0);
  const file = join(folder, `alertmanager-${port}.yml`);
  await writeFile(file, configuration);
  const url = `http://127.0.0.1:${port}`;
  const server: ServerProcess = await startServerProcess(
    binary,
    [
      `--config.file=${file}`,
      `--storage.path=${join(folder, `alertmanager-${port}`)}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    `${url}/-/ready`,
  );
  return {
    url,
    alerts: async () => (await (await fetch(`${url}/api/v2/alerts`)).json()) as readonly ManagedAlert[],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
