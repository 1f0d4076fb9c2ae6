import { parseConfiguration } from '../../src/config/parse-configuration.ts';
import type { NotLeaderError } from '../../src/errors.ts';
import { systemClock } from '../../src/postgres/clock.ts';
import { connectSession } from '../../src/postgres/session.ts';
import type { ServerIdentity } from '../../src/service/election/leadership.sql.ts';
import { tryLead } from '../../src/service/election/leadership.ts';
import type { Surroundings } from '../../src/service/surroundings.ts';
import { TaskRunner } from '../../src/service/tasks/task-runner.ts';
import { logReconcile } from '../../src/telemetry/log-reconcile.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import type { TestDatabase } from './database.ts';
import { noAbort } from './open-session.ts';

/** Every ten seconds: a scheduled firing then waits for less than one. */
export const everyTenSeconds =
  'provision: "*/10 * * * * *", retention: "*/10 * * * * *", probe: "*/10 * * * * *", collect: "*/10 * * * * *"';
const brief = 'safety: { lockTimeout: 100ms, lockBudget: 300ms }';

interface LeaderChanges {
  readonly top?: string;
  readonly tables?: readonly string[];
  readonly identity?: Partial<ServerIdentity>;
}

/** The runner of one term over a real database; what is logged and told to the metrics is kept, and the clock can be put forward. */
export class Leader implements AsyncDisposable {
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  readonly told: (readonly unknown[])[] = [];
  readonly fenced: NotLeaderError[] = [];
  readonly runner: TaskRunner;
  readonly metrics: Metrics = this.#metrics();
  readonly #end: AbortController;
  readonly #close: () => Promise<void>;
  aheadMs = 0;

  private constructor(end: AbortController, close: () => Promise<void>, make: (leader: Leader) => TaskRunner) {
    this.#end = end;
    this.#close = close;
    this.runner = make(this);
  }

  static async of(database: TestDatabase, changes: LeaderChanges = {}): Promise<Leader> {
    const { top = `schedules: { ${everyTenSeconds} }\n${brief}`, tables = ['{ table: public.events, interval: 1 month, premake: 1 }'] } =
      changes;
    const text = `${top}\ndatabases: [{ name: app, url: ${JSON.stringify(database.url)}, tables: [${tables.join(', ')}] }]`;
    const configuration = parseConfiguration({ text, source: 'test', env: {}, folder: '/' });
    const [policy] = configuration.databases;
    if (policy === undefined) throw new Error('no database');
    const settings = { applicationName: 'partitiond:leader', statementTimeoutMs: 30_000, lockTimeoutMs: 1_000 };
    const lockSession = await connectSession({ kind: 'url', url: database.url }, settings, noAbort);
    const leadership = await tryLead(lockSession, { journalSchema: 'partitiond', who: 'test', configurationHash: 'x' }, noAbort);
    if (leadership === null) throw new Error('somebody else leads');
    const end = new AbortController();
    const identity = { ...leadership.identity, ...changes.identity };
    const facts = { guardSql: leadership.guardSql, identity, lockSession, termSignal: end.signal };
    return new Leader(
      end,
      () => lockSession.close(),
      (leader) => {
        const logger = createLogger({ level: 'debug', format: 'json' }, { write: (line) => leader.lines.push(JSON.parse(line)) });
        const surroundings: Surroundings = {
          configuration,
          loadedAtMs: 0,
          logger,
          logRun: logReconcile(logger),
          metrics: leader.metrics,
          clock: { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + leader.aheadMs },
          who: 'test',
          crash: () => undefined,
        };
        const task = { task: 'provision', intervalSeconds: 10, lastRunSeconds: 10, lastSuccessSeconds: 10 };
        leader.metrics.acquired({ ...policy, tasks: [task], history: [], probes: [], migrations: [], installedSeconds: 10 }, 1n);
        return new TaskRunner(policy, facts, surroundings, end.signal, (error) => {
          leader.fenced.push(error);
          end.abort(error);
        });
      },
    );
  }

  linesOf(message: string): readonly Readonly<Record<string, unknown>>[] {
    return this.lines.filter((line) => line['msg'] === message);
  }

  /** Outcomes of the runs of a task, in order. */
  outcomes(task: string): readonly unknown[] {
    return this.told.filter(([method, , name]) => method === 'taskFinished' && name === task).map(([, , , outcome]) => outcome);
  }

  #metrics(): Metrics {
    const limits = { partitions: 'top', topPerTable: 20, maxSeries: 50_000 } as const;
    const real = createMetrics({ version: '1', revision: '', databases: ['app'], limits, nowSeconds: () => Date.now() / 1000 });
    return new Proxy(real, {
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new Error('the test is over'));
    await this.runner.idle();
    await this.#close();
  }
}
