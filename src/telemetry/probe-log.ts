import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import type { ProbeResult } from '../probe/run-probes.ts';
import type { StatementAudit } from '../probe/statements/statement-audit.ts';
import type { UnprunedShare } from '../probe/statements/unpruned-share.ts';
import { errorFields } from './error-fields.ts';
import type { LogFields, Logger } from './logger.ts';
import type { ProbeRun } from './probe-gauges.ts';

/**
 * Writes what the probes of one database find. warn: a probe turned missed or failed; info: one turned met again; debug: the rest. Never a
 * plan nor a condition, which may quote somebody's values, and of recorded statements only their number: whose they are is not ours to say
 * in a log. Keep one for a term of leadership, and
 * tell it what the journal remembers, or each failover tells everything anew.
 */
export class ProbeLog {
  readonly #logger: Logger;
  readonly #database: string;
  readonly #outcomes = new Map<string, ProbeRun['outcome']>();
  #obstacle: string | null = null;
  readonly #warnings = new Set<string>();

  constructor(logger: Logger, database: string) {
    this.#logger = logger;
    this.#database = database;
  }

  /** What was told before this term. */
  recall(runs: readonly Pick<ProbeRun, 'table' | 'probe' | 'outcome'>[]): void {
    for (const { table, probe, outcome } of runs) this.#outcomes.set(keyOf(table, probe), outcome);
  }

  passed(results: readonly ProbeResult[], durationMs: number): void {
    for (const result of results) this.#tell(result);
    const count = (outcome: ProbeRun['outcome']): number => results.filter((result) => result.outcome === outcome).length;
    const counts = { met: count('met'), missed: count('missed'), failed: count('failed') };
    this.#logger.debug('probes run', { database: this.#database, ...counts, durationMs: Math.round(durationMs) });
  }

  audited({ obstacle, statements, remarks }: StatementAudit, shares: readonly UnprunedShare[]): void {
    const database = this.#database;
    if (obstacle !== null) {
      this.#logger[obstacle === this.#obstacle ? 'debug' : 'info']('statements not looked at', { database, reason: obstacle });
    } else {
      const unpruned = shares.reduce((sum, share) => sum + share.statements, 0);
      this.#logger.debug('statements looked at', { database, statements: statements.length, unpruned, remarks: remarks.length });
    }
    this.#obstacle = obstacle;
  }

  /** What should be known of the probes as a whole; each sentence once. */
  warned(sentence: string): void {
    if (this.#warnings.has(sentence)) return;
    this.#warnings.add(sentence);
    this.#logger.warn('probes may do harm', { database: this.#database, reason: sentence });
  }

  /** What is wrong with the audit, which does not fail the probes. */
  auditFailed(error: unknown): void {
    this.#logger.warn('statements not looked at', { database: this.#database, ...errorFields(error) });
  }

  #tell(result: ProbeResult): void {
    const { table, probe, outcome, problems, unpruned, error } = result;
    const key = keyOf(table, probe);
    const before = this.#outcomes.get(key);
    this.#outcomes.set(key, outcome);
    const fields: LogFields = { database: this.#database, table: formatQualifiedName(table), probe };
    if (outcome === 'met') {
      const isNews = before === 'missed' || before === 'failed';
      this.#logger[isNews ? 'info' : 'debug'](isNews ? 'probe met again' : 'probe met', fields);
      return;
    }
    const reason = unpruned === null ? {} : { reason: unpruned.kind, fix: unpruned.fix };
    const fault = error === null ? {} : errorFields(error);
    this.#logger[outcome === before ? 'debug' : 'warn'](`probe ${outcome}`, { ...fields, problems, ...reason, ...fault });
  }
}

function keyOf(table: QualifiedName, probe: string): string {
  return `${formatQualifiedName(table)}\0${probe}`;
}
