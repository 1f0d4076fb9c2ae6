import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../../../../src/demo/free-port.ts';
import { startServerProcess } from './server-process.ts';

export interface PrometheusOptions {
  readonly binary: string;
  /** The caller's folder; what is stored goes there. */
  readonly folder: string;
  /** Text of a rule file. */
  readonly rules: string;
  readonly targets: readonly ScrapeTargets[];
  /** Host and port. */
  readonly alertmanager: string;
}

/** What one PodMonitor would find: `host:port` of each, and the labels that all of them get besides `job` and `instance`. */
export interface ScrapeTargets {
  readonly job: string;
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface RuleAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  /** When its expression became true. */
  readonly activeAt: string;
}

export interface Prometheus extends AsyncDisposable {
  readonly url: string;
  readonly log: string;
  /** Alerts that are pending or firing. */
  alerts(): Promise<readonly RuleAlert[]>;
  /** An instant query: the values by their labels, as JSON. */
  query(expression: string): Promise<readonly QueryResult[]>;
  /** Names of alerts and recordings whose last evaluation failed, with the reason. */
  ruleErrors(): Promise<readonly string[]>;
}

export interface QueryResult {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface ApiRules {
  readonly groups: readonly { readonly rules: readonly { readonly name: string; readonly lastError?: string }[] }[];
}

interface ApiVector {
  readonly result: readonly { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] }[];
}

/** Starts a Prometheus that scrapes and evaluates once a second, on a free port of 127.0.0.1. */
export async function startPrometheus({ binary, folder, rules, targets, alertmanager }: PrometheusOptions): Promise<Prometheus> {
  const port = await freePort(0);
  const file = (name: string): string => join(folder, `prometheus-${port}-${name}`);
  await writeFile(file('rules.yaml'), rules);
  const configuration = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [file('rules.yaml')],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: jobs(targets),
  };
  await writeFile(file('configuration.yaml'), stringify(configuration));
  const url = `http://127.0.0.1:${port}`;
  const args = [
    `--config.file=${file('configuration.yaml')}`,
    `--storage.tsdb.path=${file('data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const server = await startServerProcess(binary, args, `${url}/-/ready`);
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${url}/api/v1/${path}`);
    const answer = (await response.json()) as { readonly status: string; readonly data: T };
    if (answer.status !== 'success') throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer.data;
  };
  return {
    url,
    get log() {
      return server.log;
    },
    alerts: async () => (await get<{ readonly alerts: readonly RuleAlert[] }>('alerts')).alerts,
    query: async (expression) =>
      (await get<ApiVector>(`query?query=${encodeURIComponent(expression)}`)).result.map(({ metric, value: [, value] }) => ({
        labels: metric,
        value: Number(value),
      })),
    ruleErrors: async () => {
      const { groups } = await get<ApiRules>('rules');
      const isWrong = (text: string | undefined): text is string => text !== undefined && text !== '';
      return groups.flatMap(({ rules: all }) =>
        all.flatMap((rule) => (isWrong(rule.lastError) ? [`${rule.name}: ${rule.lastError}`] : [])),
      );
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Several sets of targets of one job are one scrape configuration. */
function jobs(targets: readonly ScrapeTargets[]): readonly unknown[] {
  return [...new Set(targets.map(({ job }) => job))].map((job) => ({
    job_name: job,
    static_configs: targets.filter((one) => one.job === job).map(({ addresses, labels }) => ({ targets: addresses, labels })),
  }));
}
