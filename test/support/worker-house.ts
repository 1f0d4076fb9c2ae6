import { parseConfiguration } from '../../src/config/parse-configuration.ts';
import type { DatabasePolicy } from '../../src/partition/policy.ts';
import { type Clock, systemClock } from '../../src/postgres/clock.ts';
import { DatabaseWorker } from '../../src/service/election/database-worker.ts';
import type { Surroundings } from '../../src/service/surroundings.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import type { TestDatabase } from './database.ts';
import { waitFor } from './wait-for.ts';

export const longestWait: { readonly timeoutMs: number } = { timeoutMs: 30_000 };
/** Nothing but what a test asks for. */
export const rarely =
  'schedules: { provision: "0 0 1 1 *", retention: "0 0 1 1 *", maintenance: off, index: off, probe: off, collect: "0 0 1 1 *" }';

/** What all workers of a test share: as in a daemon, but the clock can be turned and what is told is kept. */
export class House {
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  /** Calls of the metrics, as `[method, ...arguments]`. */
  readonly told: (readonly unknown[])[] = [];
  readonly crashes: Error[] = [];
  clock: Clock = systemClock;
  readonly #metrics: Metrics;

  constructor() {
    const limits = { partitions: 'top', topPerTable: 20, maxSeries: 50_000 } as const;
    const real = createMetrics({ version: '1', revision: '', databases: ['app'], limits, nowSeconds: () => Date.now() / 1000 });
    this.#metrics = new Proxy(real, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: readonly unknown[]): unknown => {
          this.told.push([name, ...args]);
          return Reflect.apply(value, target, args);
        };
      },
    });
  }

  /** A configuration loaded just now, or earlier. */
  load(
    database: TestDatabase,
    changes: { premake?: number; top?: string; schema?: string; loadedAgoMs?: number; url?: string } = {},
  ): readonly [DatabasePolicy, Surroundings] {
    const { premake = 1, top = rarely, schema = 'partitiond', loadedAgoMs = 0, url = database.url } = changes;
    const text = `${top}\ndatabases: [{ name: app, url: ${JSON.stringify(url)}, schema: ${schema}, tables: [{ table: public.events, interval: 1 month, premake: ${premake} }] }]`;
    const configuration = parseConfiguration({ text, source: 'test', env: {}, folder: '/' });
    const [policy] = configuration.databases;
    if (policy === undefined) throw new Error('no database');
    const surroundings: Surroundings = {
      configuration,
      loadedAtMs: this.clock.monotonicMs() - loadedAgoMs,
      logger: createLogger({ level: 'debug', format: 'json' }, { write: (line) => this.lines.push(JSON.parse(line)) }),
      logRun: () => undefined,
      metrics: this.#metrics,
      clock: { ...systemClock, monotonicMs: () => this.clock.monotonicMs(), sleep: (ms, signal) => this.clock.sleep(ms, signal) },
      who: 'partitiond:test',
      crash: (error) => this.crashes.push(error),
    };
    return [policy, surroundings];
  }

  lastTold(method: string): unknown {
    return this.told.findLast(([name]) => name === method)?.at(-1);
  }

  linesOf(message: string): readonly Readonly<Record<string, unknown>>[] {
    return this.lines.filter((line) => line['msg'] === message);
  }
}

/** A worker at work until the end of the scope. */
export class AtWork implements AsyncDisposable {
  readonly worker: DatabaseWorker;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  hasEnded = false;

  constructor(...assigned: ConstructorParameters<typeof DatabaseWorker>) {
    this.worker = new DatabaseWorker(...assigned);
    this.#ended = this.worker.run(this.#stop.signal).finally(() => {
      this.hasEnded = true;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the test is over'));
    await this.#ended;
  }
}

/** The row of leadership once it has reached `epoch`. */
export async function atEpoch(database: TestDatabase, epoch: number, schema = 'partitiond'): Promise<Readonly<Record<string, unknown>>> {
  const rows = await waitFor(
    `epoch ${epoch}`,
    () => database.query(`SELECT epoch::int, generation::int, holder FROM ${schema}.leadership`),
    ([row]) => row?.['epoch'] === epoch,
    longestWait,
  );
  return rows[0] ?? {};
}

export async function lockHolders(database: TestDatabase): Promise<readonly unknown[]> {
  const rows = await database.query(
    "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database WHERE locktype = 'advisory' AND granted AND datname = current_database()",
  );
  return rows.map((row) => row['pid']);
}

export const sessions =
  "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'partitiond%'";

export async function createEvents(database: TestDatabase): Promise<void> {
  await database.query('CREATE TABLE public.events (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at)');
}
