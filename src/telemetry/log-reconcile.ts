import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Finding } from '../plan/finding.ts';
import type { ReconcileEvent, ReconcileObserver } from '../reconcile/event.ts';
import { errorFields } from './error-fields.ts';
import { FailureMemory } from './failure-memory.ts';
import { FindingMemory } from './finding-memory.ts';
import type { LogFields, Logger } from './logger.ts';

/**
 * Writes what happens in runs. error: somebody must act; warn: a new finding, or a failure that will be tried again; info: something
 * changed; debug: the rest. A failure, or a finding of severity error, that is still there in the next run of the same tasks becomes an
 * error; a finding that stays is not repeated above debug. Keep one observer for the life of the process, or nothing ever repeats.
 */
export function logReconcile(logger: Logger): ReconcileObserver {
  const log = new ReconcileLog(logger);
  return (event) => log.write(event);
}

class ReconcileLog {
  readonly #logger: Logger;
  readonly #failures = new FailureMemory();
  readonly #findings = new FindingMemory();
  /** Tasks of the runs in progress. */
  readonly #tasks = new Map<string, string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  write(event: ReconcileEvent): void {
    const fields = { runId: event.runId, database: event.database, ...('table' in event ? { table: formatQualifiedName(event.table) } : {}) };
    switch (event.kind) {
      case 'run-started':
        this.#tasks.set(event.runId, event.tasks.join(','));
        return this.#logger.debug('run started', { ...fields, tasks: event.tasks });
      case 'snapshot-read':
        return this.#logger.debug('snapshot read', { ...fields, tables: event.tables.length, durationMs: whole(event.durationMs) });
      case 'table-planned':
        return this.#tablePlanned(event, fields);
      case 'step-started':
        return this.#logger.debug('step started', { ...fields, ...stepFields(event.step), index: event.index, total: event.total });
      case 'lock-timeout':
        return this.#logger.debug('lock not obtained', { ...fields, ...stepFields(event.step), attempt: event.attempt });
      case 'step-finished':
        return this.#stepFinished(event, fields);
      case 'table-failed':
        return this.#failure(event.runId, 'table failed', { ...fields, phase: event.phase, ...errorFields(event.error) }, [fields.database, fields.table, event.phase]);
      case 'table-finished':
        return this.#tableFinished(event, fields);
      case 'run-finished':
        return this.#runFinished(event, fields);
    }
  }

  #tablePlanned(event: Extract<ReconcileEvent, { kind: 'table-planned' }>, fields: LogFields): void {
    const source = this.#tasks.get(event.runId) ?? '';
    const { added, kept, gone } = this.#findings.compare(`${event.database}\0${formatQualifiedName(event.table)}`, source, event.plan.findings);
    for (const finding of added) this.#logger.warn('finding', { ...fields, ...findingFields(finding) });
    for (const { finding, times } of kept) {
      const level = finding.severity === 'error' && times === 2 ? 'error' : 'debug';
      this.#logger[level]('finding', { ...fields, ...findingFields(finding) });
    }
    for (const finding of gone) this.#logger.info('finding resolved', { ...fields, ...findingFields(finding) });
    this.#logger.debug('table planned', { ...fields, steps: event.plan.steps.length, findings: event.plan.findings.length });
  }

  #stepFinished({ runId, report, sql }: Extract<ReconcileEvent, { kind: 'step-finished' }>, fields: LogFields): void {
    const { step, outcome, error, lockTimeouts } = report;
    const all = { ...fields, ...stepFields(step), sql, durationMs: whole(report.durationMs), lockWaitMs: whole(report.lockWaitMs), lockTimeouts };
    if (outcome === 'ok') return this.#logger.info('step done', all);
    if (outcome !== 'failed') return this.#logger.warn(`step ${outcome}`, all);
    this.#failure(runId, 'step failed', { ...all, ...errorFields(error) }, [String(fields['database']), String(fields['table']), step.kind, formatQualifiedName(step.partition)]);
  }

  /** Steps that a guard stopped were never started, so this is where they show. */
  #tableFinished(event: Extract<ReconcileEvent, { kind: 'table-finished' }>, fields: LogFields): void {
    for (const { step, outcome } of event.report.steps) {
      if (outcome === 'refused') this.#logger.debug('step refused', { ...fields, ...stepFields(step), reason: step.reason });
    }
  }

  #runFinished(event: Extract<ReconcileEvent, { kind: 'run-finished' }>, fields: LogFields): void {
    const tasks = this.#tasks.get(event.runId) ?? '';
    this.#tasks.delete(event.runId);
    this.#failures.endRun(event.runId, `${event.database}\0${tasks}`);
    const steps = event.report.tables.flatMap((table) => table.steps);
    const hasChanged = steps.some((step) => step.outcome === 'ok');
    const done = steps.filter((step) => step.outcome === 'ok').length;
    this.#logger[hasChanged ? 'info' : 'debug']('run finished', { ...fields, tasks, outcome: event.outcome, steps: done, durationMs: whole(event.durationMs) });
  }

  #failure(runId: string, message: string, fields: LogFields, key: readonly (string | undefined)[]): void {
    const group = `${String(fields['database'])}\0${this.#tasks.get(runId) ?? ''}`;
    // A bug of ours does not go away by itself.
    const isError = fields['errorClass'] === 'InvariantError' || this.#failures.isRepeated(runId, group, key.join('\0'));
    this.#logger[isError ? 'error' : 'warn'](message, fields);
  }
}

function stepFields(step: { readonly kind: string; readonly partition: { readonly schema: string; readonly name: string } }): LogFields {
  return { step: step.kind, partition: formatQualifiedName(step.partition) };
}

function findingFields(finding: Finding): LogFields {
  return {
    finding: finding.kind,
    severity: finding.severity,
    partition: finding.partition === null ? null : formatQualifiedName(finding.partition),
    explanation: finding.message,
  };
}

/** Milliseconds without the noise of a fraction. */
function whole(ms: number): number {
  return Math.round(ms);
}
