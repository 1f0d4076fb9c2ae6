import { once } from 'node:events';
import { createServer } from 'node:net';
import type { ServedStatus } from '../../src/service/http/status-reader.ts';
import { type RunningProgram, startPartitiond } from './run-partitiond.ts';
import { type WaitOptions, waitFor } from './wait-for.ts';

/** A built daemon and how to reach it; `await using` kills it at the end of the test. */
export interface Daemon extends AsyncDisposable {
  readonly program: RunningProgram;
  /** Base URL of /metrics and the probes, without a slash at the end. */
  readonly http: string;
  readonly admin: string;
  /** The answer of /api/v1/status. */
  status(): Promise<StatusAnswer>;
  /** Lines of the log, oldest first. */
  log(): readonly Readonly<Record<string, unknown>>[];
  waitForLog(message: string, options?: WaitOptions): Promise<Readonly<Record<string, unknown>>>;
  /** Values of the exposition by `name{labels}`, without the prefix. */
  scrape(): Promise<ReadonlyMap<string, number>>;
  /** Waits until a sample has this value. */
  waitForSample(sample: string, value: number | ((value: number) => boolean), options?: WaitOptions): Promise<void>;
}

export interface StatusAnswer {
  readonly databases: readonly ServedStatus[];
}

/** Listens on free ports of 127.0.0.1 and logs at `debug`. Goes before `databases` in the file. */
export const anyPorts: string = 'log: { level: debug }\nhttp: { host: 127.0.0.1, port: 0 }\nadmin: { host: 127.0.0.1, port: 0 }';

/** Starts the daemon on a configuration and waits until it listens. */
export async function startDaemon(configuration: string): Promise<Daemon> {
  const program = startPartitiond(['run', '--config', configuration]);
  const log = (): readonly Readonly<Record<string, unknown>>[] => {
    const lines = program.stderr.split('\n').filter((line) => line.startsWith('{'));
    return lines
      .slice(0, program.stderr.endsWith('\n') ? undefined : -1)
      .map((line): Readonly<Record<string, unknown>> => JSON.parse(line));
  };
  const url = async (listener: string): Promise<string> => {
    const [line] = await program.waitForLine('stderr', new RegExp(`.*"msg":"http listening".*`), {});
    const found = log().find((entry) => entry['msg'] === 'http listening' && entry['listener'] === listener);
    if (found !== undefined) return String(found['url']);
    const seen = await waitFor(
      `the ${listener} listener after ${line}`,
      () => log().find((entry) => entry['listener'] === listener),
      (entry) => entry !== undefined,
    );
    return String(seen?.['url']);
  };
  const [http, admin] = [await url('http'), await url('admin')];
  const scrape = async (): Promise<ReadonlyMap<string, number>> => parseExposition(await (await fetch(`${http}/metrics`)).text());
  return {
    program,
    http,
    admin,
    status: async () => (await (await fetch(`${http}/api/v1/status`)).json()) as StatusAnswer,
    log,
    scrape,
    waitForLog: async (message, options) => {
      const isWanted = (entry: Readonly<Record<string, unknown>>): boolean => entry['msg'] === message;
      const lines = await waitFor(`"${message}" in the log`, log, (entries) => entries.some(isWanted), { timeoutMs: 30_000, ...options });
      return lines.find(isWanted) ?? {};
    },
    waitForSample: async (sample, value, options) => {
      const isReached = typeof value === 'function' ? value : (seen: number) => seen === value;
      await waitFor(
        `${sample} ${String(value)}`,
        async () => (await scrape()).get(sample),
        (seen) => seen !== undefined && isReached(seen),
        { timeoutMs: 30_000, ...options },
      );
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

function parseExposition(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end).replace(/^partitiond_/, ''), Number(line.slice(end + 1).replace('Inf', 'Infinity'))];
    }),
  );
}

/** A port of 127.0.0.1 on which somebody already listens, until the end of the scope. */
export async function takenPort(): Promise<{ readonly port: number } & Disposable> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port.');
  return { port: address.port, [Symbol.dispose]: () => server.close() };
}
