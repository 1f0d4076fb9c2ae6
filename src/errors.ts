/**
 * One class per *reaction*, not per cause. `code` is the stable PDnnn identifier listed in docs/errors.md, `context` holds what a log
 * line or a JSON answer may show (never secrets, row data or parameter values). Only postgres/sqlstate.ts turns a SQLSTATE into one of
 * these, only main.ts turns one of these into an exit code.
 */
export type ErrorContext = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export interface ErrorOptions {
  readonly context?: ErrorContext;
  readonly cause?: unknown;
}

export abstract class PartitiondError extends Error {
  readonly code: string;
  readonly context: ErrorContext;

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.context = options.context ?? {};
  }
}

/** PD0xx: argv is wrong. One sentence and that command's usage; exit 64. */
export class UsageError extends PartitiondError {}

/** One thing that is wrong in a configuration: where, what was found, what is allowed, and the nearest fix when there is one. */
export interface ConfigProblem {
  /** Key path such as `databases[0].tables[2].interval`. */
  readonly path: string;
  readonly message: string;
  /** Line in the file, 1-based; null when the value came from the environment or the file could not be parsed. */
  readonly line: number | null;
}

/** PD1xx: the configuration cannot be used. Carries all problems at once; exit 2, a reload keeps the old configuration. */
export class ConfigError extends PartitiondError {
  readonly problems: readonly ConfigProblem[];

  constructor(code: string, message: string, problems: readonly ConfigProblem[] = [], options: ErrorOptions = {}) {
    super(code, message, options);
    this.problems = problems;
  }
}

/** PD2xx: the server cannot be reached or went away. `run` backs off, a one-shot leaves that database; exit 3. */
export class ConnectionError extends PartitiondError {}

/** PD3xx: another instance leads, or a newer epoch fenced this one. `run` follows, a one-shot stops; exit 5. */
export class NotLeaderError extends PartitiondError {}

/** A session that holds a lock which was wanted. */
export interface Blocker {
  readonly pid: number;
  readonly application: string;
  readonly user: string;
  readonly relation: string;
  readonly mode: string;
  readonly state: string;
  /** Age of the blocking transaction in milliseconds. */
  readonly ageMs: number;
}

/** PD4xx: the whole lock budget was spent (55P03, 40P01). The step is left to the next run; names the blockers. */
export class LockTimeoutError extends PartitiondError {
  readonly blockers: readonly Blocker[];

  constructor(code: string, message: string, blockers: readonly Blocker[], options: ErrorOptions = {}) {
    super(code, message, options);
    this.blockers = blockers;
  }
}

/** PD5xx: any other SQLSTATE. Ends this task for this table, the others go on; exit 4. */
export class StatementError extends PartitiondError {
  /** Five-character SQLSTATE. */
  readonly sqlstate: string;

  constructor(code: string, message: string, sqlstate: string, options: ErrorOptions = {}) {
    super(code, message, options);
    this.sqlstate = sqlstate;
  }
}

/** PD6xx: a migration may not go on before a person has looked; it is paused or was refused, and nothing is lost. Exit 4. */
export class MigrationError extends PartitiondError {}

/** PD9xx: our own bug. Ends that table loudly, finishes the others; exit 70. */
export class InvariantError extends PartitiondError {}
