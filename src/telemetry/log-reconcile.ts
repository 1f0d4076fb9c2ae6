import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import type { Finding } from '../plan/finding.ts';
import type { Step } from '../plan/step.ts';
import type { ReconcileEvent, ReconcileObserver } from '../reconcile/event.ts';
import { errorFields } from './error-fields.ts';
import { FailureMemory } from './failure-memory.ts';
import { FindingMemory } from './finding-memory.ts';
import type { LogFields, Logger } from './logger.ts';
import { UpkeepLog } from './upkeep-log.ts';

/**
 * Writes what happens in runs. error: somebody must act; warn: a new finding, or a failure that will be tried again; info: something
 * changed; debug: the rest. A failure, or a finding of severity error, that is still there in the next run of the same tasks becomes an
 * error; a finding that stays is not repeated above debug. Keep one observer for the life of the process, or nothing ever repeats.
 * `elapsedMs`: a monotonic clock, for what is told now and then.
 */
export function logReconcile(logger: Logger, elapsedMs: () => number = () => performance.now()): ReconcileObserver {
  const log = new ReconcileLog(logger, elapsedMs);
  return (event) => log.write(event);
}

/** A wait for a lock is told once it has lasted that long. */
const longWaitMs = 10_000;

class ReconcileLog {
  readonly #logger: Logger;
  readonly #failures = new FailureMemory();
  readonly #findings = new FindingMemory();
  /** Tasks of the last run of each database that has begun with them, by run id; one entry for each combination, or a lost run would leak. */
  readonly #tasks = new Map<string, string>();

  /** The last step of each database of which it was told that it waits. */
  readonly #waiting = new Map<string, string>();
  readonly #upkeep: UpkeepLog;

  constructor(logger: Logger, elapsedMs: () => number) {
    this.#logger = logger;
    this.#upkeep = new UpkeepLog(logger, elapsedMs);
  }

  write(event: ReconcileEvent): void {
    const { runId, database } = event;
    const fields = { runId, database, ...('table' in event ? { table: formatQualifiedName(event.table) } : {}) };
    switch (event.kind) {
      case 'run-started':
        this.#begin(event);
        return this.#logger.debug('run started', { ...fields, tasks: event.tasks });
      case 'snapshot-read':
        return this.#logger.debug('snapshot read', { ...fields, tables: event.tables.length, durationMs: Math.round(event.durationMs) });
      case 'table-planned':
        return this.#tablePlanned(event, fields);
      case 'step-started':
        this.#upkeep.stepStarted(event);
        return this.#logger.debug('step started', { ...fields, ...stepFields(event.step), number: event.index + 1, total: event.total });
      case 'step-progress':
        return this.#upkeep.progress(event, { ...fields, ...stepFields(event.step) });
      case 'upkeep-held':
        return this.#upkeep.held(event, fields);
      case 'sessions-blocked':
        return this.#logger.debug('sessions blocked', { ...fields, sessions: event.count });
      case 'lock-timeout':
        return this.#lockTimedOut(event, fields);
      case 'step-finished':
        return this.#stepFinished(event, fields);
      case 'table-failed':
        return this.#failed(event, 'table failed', { ...fields, phase: event.phase, ...errorFields(event.error) }, event.phase);
      case 'table-finished':
        return this.#tableFinished(event, fields);
      case 'run-finished':
        return this.#runFinished(event, fields);
    }
  }

  #begin(event: Extract<ReconcileEvent, { kind: 'run-started' }>): void {
    const group = `${event.database}\0${event.tasks.join(',')}`;
    for (const [runId, known] of this.#tasks) if (known === group) this.#tasks.delete(runId);
    this.#tasks.set(event.runId, group);
  }

  #tablePlanned(event: Extract<ReconcileEvent, { kind: 'table-planned' }>, fields: LogFields): void {
    const subject = `${event.database}\0${formatQualifiedName(event.table)}`;
    const { added, kept, gone } = this.#findings.compare(subject, this.#groupOf(event), event.plan.findings);
    for (const finding of added) this.#logger.warn('finding', { ...fields, ...findingFields(finding) });
    for (const { finding, times } of kept) {
      const level = finding.severity === 'error' && times === 2 ? 'error' : 'debug';
      this.#logger[level]('finding', { ...fields, ...findingFields(finding) });
    }
    for (const finding of gone) this.#logger.info('finding resolved', { ...fields, ...findingFields(finding) });
    this.#logger.debug('table planned', { ...fields, steps: event.plan.steps.length, findings: event.plan.findings.length });
  }

  #stepFinished(event: Extract<ReconcileEvent, { kind: 'step-finished' }>, fields: LogFields): void {
    const { step, outcome, error, lockTimeouts, durationMs, lockWaitMs, yieldedTo } = event.report;
    const timing = { durationMs: Math.round(durationMs), lockWaitMs: Math.round(lockWaitMs), lockTimeouts };
    const all = { ...fields, ...stepFields(step), sql: event.sql, ...timing };
    this.#upkeep.stepEnded(event);
    if (yieldedTo !== undefined) return this.#upkeep.stepLeft(event, yieldedTo, all);
    if (outcome === 'ok') this.#logger.info('step done', all);
    else if (outcome === 'failed')
      this.#failed(event, 'step failed', { ...all, ...errorFields(error) }, `${step.kind}\0${formatQualifiedName(step.partition)}`);
    else this.#logger.warn(`step ${outcome}`, all);
  }

  #lockTimedOut(
    { runId, database, step, attempt, reason, spentMs }: Extract<ReconcileEvent, { kind: 'lock-timeout' }>,
    fields: LogFields,
  ): void {
    const what = { ...fields, ...stepFields(step) };
    this.#logger.debug('lock not obtained', { ...what, attempt, reason });
    const key = JSON.stringify([runId, what]);
    if (spentMs < longWaitMs || this.#waiting.get(database) === key) return;
    this.#waiting.set(database, key);
    this.#logger.warn('waiting for a lock', { ...what, attempts: attempt, seconds: Math.round(spentMs / 1_000) });
  }

  /** Steps that a guard stopped were never started; their finding says so loudly. */
  #tableFinished(event: Extract<ReconcileEvent, { kind: 'table-finished' }>, fields: LogFields): void {
    this.#upkeep.tableFinished(event, fields);
    this.#failures.finished(this.#groupOf(event), formatQualifiedName(event.table));
    for (const { step, outcome } of event.report.steps) {
      if (outcome === 'refused') this.#logger.debug('step refused', { ...fields, ...stepFields(step), reason: step.reason });
    }
  }

  #runFinished(event: Extract<ReconcileEvent, { kind: 'run-finished' }>, fields: LogFields): void {
    this.#upkeep.runFinished(event.runId);
    const done = event.report.tables.flatMap((table) => table.steps).filter((step) => step.outcome === 'ok').length;
    const tasks = this.#groupOf(event).split('\0')[1] ?? '';
    const all = { ...fields, tasks, outcome: event.outcome, steps: done, durationMs: Math.round(event.durationMs) };
    this.#logger[done > 0 ? 'info' : 'debug']('run finished', all);
  }

  #failed(event: ReconcileEvent & { readonly table: QualifiedName }, message: string, fields: LogFields, what: string): void {
    const isRepeated = this.#failures.isRepeated(this.#groupOf(event), formatQualifiedName(event.table), what);
    // A bug of ours does not go away by itself.
    this.#logger[isRepeated || fields['errorClass'] === 'InvariantError' ? 'error' : 'warn'](message, fields);
  }

  #groupOf(event: ReconcileEvent): string {
    return this.#tasks.get(event.runId) ?? `${event.database}\0`;
  }
}

function stepFields(step: Step): LogFields {
  return {
    step: step.kind,
    partition: formatQualifiedName(step.partition),
    ...('index' in step && { index: formatQualifiedName(step.index) }),
  };
}

function findingFields(finding: Finding): LogFields {
  return {
    finding: finding.kind,
    severity: finding.severity,
    partition: finding.partition === null ? null : formatQualifiedName(finding.partition),
    explanation: finding.message,
  };
}
