import type { MigrationEvent } from '../migrate/event.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { LogFields, Logger } from './logger.ts';

/** How often progress, and each reason for which the copy waits, is told. */
const tellEveryMs = 10_000;

/**
 * Writes what happens in migrations. error: a mismatch; warn: it paused, something is left to do, or an attempt to switch was given up; info: a
 * phase, a step, a switch, and every 10 s how far it is and what holds it back; debug: each batch, bite and chunk, and the statements of steps.
 * Never a key or a row.
 */
export class MigrationLog {
  readonly #logger: Logger;
  readonly #elapsedMs: () => number;
  readonly #usual: 'info' | 'debug';
  /** When something was told last, by what it is. */
  readonly #told = new Map<string, number>();

  /** `usual`: what is info of a migration; of a trial, which goes in a moment, it is debug. */
  constructor(logger: Logger, elapsedMs: () => number, usual: 'info' | 'debug' = 'info') {
    this.#logger = logger;
    this.#usual = usual;
    this.#elapsedMs = elapsedMs;
  }

  write(event: MigrationEvent): void {
    const fields = { database: event.database, table: formatQualifiedName(event.table) };
    switch (event.kind) {
      case 'migration-phase':
        return this.#logger[this.#usual]('migration phase', { ...fields, phase: event.phase, live: event.record.live });
      case 'migration-step':
        return this.#step(event, fields);
      case 'migration-paused':
        return this.#logger.warn('migration paused', { ...fields, reason: event.reason, explanation: event.explanation });
      case 'migration-warning':
        return this.#logger.warn('migration warning', { ...fields, explanation: event.explanation });
      case 'migration-status':
        return this.#progress(event, fields);
      case 'throttled':
        return this.#throttled(event, fields);
      case 'switch-attempted':
        return this.#switchAttempted(event, fields);
      case 'batch-copied':
      case 'batch-checked':
      case 'replayed':
      case 'chunk-verified':
      case 'canary':
        return this.#detail(event, fields);
    }
  }

  /** What was done in one line, its statements for whoever looks closer. */
  #step({ step, sql, durationMs, isDetail }: Extract<MigrationEvent, { kind: 'migration-step' }>, fields: LogFields): void {
    this.#logger[isDetail === true ? 'debug' : this.#usual]('migration step', { ...fields, step, durationMs: Math.round(durationMs) });
    this.#logger.debug('migration statements', { ...fields, step, sql });
  }

  #progress({ status }: Extract<MigrationEvent, { kind: 'migration-status' }>, fields: LogFields): void {
    const { phase, rowsCopied, rowsEstimated, rowsPerSecond, backlogRows, etaSeconds, brakes } = status;
    if (!this.#isDue(JSON.stringify([fields, 'progress', phase]))) return;
    this.#logger[this.#usual]('migration progress', {
      ...fields,
      phase,
      progress: Math.round(status.progress * 1000) / 1000,
      rowsCopied,
      rowsEstimated,
      rowsPerSecond: rowsPerSecond === null ? null : Math.round(rowsPerSecond),
      backlogRows,
      etaSeconds: etaSeconds === null ? null : Math.round(etaSeconds),
      brakes,
    });
  }

  #throttled({ reason, explanation, ms }: Extract<MigrationEvent, { kind: 'throttled' }>, fields: LogFields): void {
    const level = this.#isDue(JSON.stringify([fields, 'throttled', reason])) ? this.#usual : 'debug';
    this.#logger[level]('migration waits', { ...fields, reason, explanation, waitMs: Math.round(ms) });
  }

  #switchAttempted(event: Extract<MigrationEvent, { kind: 'switch-attempted' }>, fields: LogFields): void {
    const { direction, outcome, lockMs, explanation } = event;
    const level = outcome === 'ok' ? 'info' : 'warn';
    this.#logger[level]('migration switch', { ...fields, direction, outcome, lockMs: Math.round(lockMs), explanation });
  }

  #detail(
    event: Extract<MigrationEvent, { kind: 'batch-copied' | 'batch-checked' | 'replayed' | 'chunk-verified' | 'canary' }>,
    fields: LogFields,
  ): void {
    const { database: _database, table: _table, kind, ...numbers } = event;
    const isWrong = 'mismatches' in event && event.mismatches > 0;
    this.#logger[isWrong ? 'error' : 'debug'](kind.replace('-', ' '), { ...fields, ...numbers });
  }

  #isDue(what: string): boolean {
    const now = this.#elapsedMs();
    const last = this.#told.get(what);
    if (last !== undefined && now - last < tellEveryMs) return false;
    this.#told.set(what, now);
    return true;
  }
}
