import { waitFor } from '../../wait-for.ts';
import { type Alertmanager, forTest, startAlertmanager } from './alertmanager.ts';
import { disposeAll } from './dispose-all.ts';
import { type Prometheus, type ScrapeTargets, startPrometheus } from './prometheus.ts';
import { type ReceivedAlert, startWebhook, type Webhook } from './webhook.ts';

export interface WatcherOptions {
  readonly prometheusBinary: string;
  readonly alertmanagerBinary: string;
  readonly folder: string;
  readonly rules: string;
  /** Text of a configuration, whose receivers are exchanged. */
  readonly alertmanager: string;
  readonly targets: readonly ScrapeTargets[];
}

/** A Prometheus, its Alertmanager, and who is told; `await using` ends all three. */
export interface Watcher extends AsyncDisposable {
  readonly prometheus: Prometheus;
  readonly alertmanager: Alertmanager;
  readonly webhook: Webhook;
  /** Waits until every one of `names` (as of `nameOf`) was told with this status. */
  waitForAlerts(names: readonly string[], status: ReceivedAlert['status'], timeoutMs: number): Promise<void>;
}

export async function startWatcher(options: WatcherOptions): Promise<Watcher> {
  const started: AsyncDisposable[] = [];
  const keep = <T extends AsyncDisposable>(one: T): T => {
    started.push(one);
    return one;
  };
  try {
    const webhook = keep(await startWebhook());
    const configuration = forTest(options.alertmanager, webhook.url);
    const alertmanager = keep(await startAlertmanager(options.alertmanagerBinary, configuration, options.folder));
    const prometheus = keep(
      await startPrometheus({
        binary: options.prometheusBinary,
        folder: options.folder,
        rules: options.rules,
        targets: options.targets,
        alertmanager: new URL(alertmanager.url).host,
      }),
    );
    const waitForAlerts = async (names: readonly string[], status: ReceivedAlert['status'], timeoutMs: number): Promise<void> => {
      const missing = (): readonly string[] => {
        const told = new Set(webhook.received.filter((alert) => alert.status === status).map(({ labels }) => nameOf(labels)));
        return names.filter((name) => !told.has(name));
      };
      await waitFor(`all alerts to be told as ${status}; last seen are those that are not`, missing, (rest) => rest.length === 0, {
        timeoutMs,
        pollMs: 100,
      });
    };
    return { prometheus, alertmanager, webhook, waitForAlerts, [Symbol.asyncDispose]: () => disposeAll(started) };
  } catch (error) {
    await disposeAll(started);
    throw error;
  }
}

/** An alert by its own labels, those of every target left out: `PartitionRunwayLow warning app public.ticks`. */
export function nameOf(labels: Readonly<Record<string, string>>): string {
  const { schema, table } = labels;
  const relation = table === undefined ? undefined : `${schema}.${table}`;
  const own = [labels['database'], relation, labels['task'], labels['probe'], labels['instance']];
  return [labels['alertname'], labels['severity'], ...own].filter((part) => part !== undefined).join(' ');
}
