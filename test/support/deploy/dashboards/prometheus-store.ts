import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../../../../src/demo/free-port.ts';
import { type ServerProcess, startServerProcess } from '../alerting/server-process.ts';

/** What Prometheus answers to a query: a series for each result. */
export interface Answer {
  readonly series: readonly { readonly labels: Readonly<Record<string, string>>; readonly values: readonly number[] }[];
  /** Annotations of both kinds: warnings, and from 3.0 on hints such as "might not be a counter". */
  readonly remarks: readonly string[];
}

export interface QueryTime {
  readonly from: number;
  readonly to: number;
}

/** A Prometheus on a folder of blocks, or one that scrapes; `await using` ends it. */
export interface Store extends AsyncDisposable {
  readonly url: string;
  /** At the end of the time. */
  instant(expr: string, time: QueryTime): Promise<Answer>;
  /** Once a minute. */
  range(expr: string, time: QueryTime): Promise<Answer>;
  labelValues(label: string, selector: string, time: QueryTime): Promise<readonly string[]>;
}

interface Options {
  readonly binary: string;
  /** Holds `data`, made when missing. */
  readonly folder: string;
  /** Scraped every second as job partitiond, and the rules evaluated likewise. */
  readonly scrape?: { readonly address: string; readonly rules: string };
}

/** Starts Prometheus on a free port of 127.0.0.1. Old blocks are kept. */
export async function openStore({ binary, folder, scrape }: Options): Promise<Store> {
  const port = await freePort(0);
  const configuration = join(folder, `prometheus-${port}.yaml`);
  await mkdir(join(folder, 'data'), { recursive: true });
  await writeFile(configuration, stringify(scrape === undefined ? {} : scraping(scrape)));
  const url = `http://127.0.0.1:${port}`;
  const server = await startServerProcess(
    binary,
    [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    `${url}/-/ready`,
  );
  return new PrometheusStore(url, server);
}

function scraping({ address, rules }: { readonly address: string; readonly rules: string }): unknown {
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    scrape_configs: [{ job_name: 'partitiond', static_configs: [{ targets: [address] }] }],
  };
}

interface ApiAnswer<T> {
  readonly status: string;
  readonly error?: string;
  readonly data: T;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

interface ApiSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

class PrometheusStore implements Store {
  readonly url: string;
  readonly #server: ServerProcess;

  constructor(url: string, server: ServerProcess) {
    this.url = url;
    this.#server = server;
  }

  async instant(query: string, { to }: QueryTime): Promise<Answer> {
    return this.#query('query', { query, time: String(to) });
  }

  async range(query: string, { from, to }: QueryTime): Promise<Answer> {
    return this.#query('query_range', { query, start: String(from), end: String(to), step: '60' });
  }

  async labelValues(label: string, selector: string, { from, to }: QueryTime): Promise<readonly string[]> {
    const parameters = { 'match[]': selector, start: String(from), end: String(to) };
    return (await this.#get<readonly string[]>(`label/${label}/values`, parameters)).data;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #query(path: string, parameters: Readonly<Record<string, string>>): Promise<Answer> {
    const { data, warnings = [], infos = [] } = await this.#get<{ readonly result: readonly ApiSeries[] }>(path, parameters);
    const series = data.result.map(({ metric, value, values }) => ({
      labels: metric,
      values: (values ?? (value === undefined ? [] : [value])).map(([, text]) => Number(text.replace('Inf', 'Infinity'))),
    }));
    return { series, remarks: [...warnings, ...infos] };
  }

  async #get<T>(path: string, parameters: Readonly<Record<string, string>>): Promise<ApiAnswer<T>> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const answer = (await response.json()) as ApiAnswer<T>;
    if (answer.status !== 'success') throw new Error(`${answer.error}: ${JSON.stringify(parameters)}`);
    return answer;
  }
}
