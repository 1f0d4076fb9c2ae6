import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Step } from '../plan/step.ts';
import type { ReconcileEvent } from '../reconcile/event.ts';
import type { LogFields, Logger } from './logger.ts';

type EventOf<K extends ReconcileEvent['kind']> = Extract<ReconcileEvent, { readonly kind: K }>;
type Yield = NonNullable<EventOf<'step-finished'>['report']['yieldedTo']>;

/** Progress of one step is told above debug that often. */
const everyMs = 60_000;

/** What concerns all steps alike is told once for a table, with their number. */
const summed: ReadonlySet<Yield> = new Set<Yield>(['window', 'pressure', 'later']);

/** What a run tells of steps that take long or give way; one for the life of the process. */
export class UpkeepLog {
  readonly #logger: Logger;
  readonly #elapsedMs: () => number;
  /** Of each run, when its steps at work began or were last told of. */
  readonly #toldAtMs = new Map<string, Map<string, number>>();
  /** What each run that is held was held for when last told. */
  readonly #held = new Map<string, string>();

  constructor(logger: Logger, elapsedMs: () => number) {
    this.#logger = logger;
    this.#elapsedMs = elapsedMs;
  }

  stepStarted({ runId, step }: EventOf<'step-started'>): void {
    this.#tell(runId, step);
  }

  progress({ runId, step, phase, done, total }: EventOf<'step-progress'>, fields: LogFields): void {
    const known = this.#toldAtMs.get(runId)?.get(keyOf(step));
    const isDue = known !== undefined && this.#elapsedMs() - known >= everyMs;
    if (isDue || known === undefined) this.#tell(runId, step);
    const percent = total > 0 ? { percent: Math.min(100, Math.floor((100 * done) / total)) } : {};
    this.#logger[isDue ? 'info' : 'debug']('step at work', { ...fields, phase, ...percent });
  }

  held({ runId, reason, explanation }: EventOf<'upkeep-held'>, fields: LogFields): void {
    const before = this.#held.get(runId);
    if (reason === before || (reason === null && before === undefined)) return;
    if (reason === null) {
      this.#held.delete(runId);
      this.#logger.info('maintenance goes on', { ...fields, explanation });
    } else {
      this.#held.set(runId, reason);
      this.#logger.warn('maintenance held', { ...fields, reason, explanation });
    }
  }

  stepEnded({ runId, report }: EventOf<'step-finished'>): void {
    this.#toldAtMs.get(runId)?.delete(keyOf(report.step));
  }

  stepLeft({ report }: EventOf<'step-finished'>, yieldedTo: Yield, fields: LogFields): void {
    // One that was at work when its window closed has a story of its own.
    const isSummed = summed.has(yieldedTo) && report.durationMs === 0;
    this.#logger[isSummed ? 'debug' : 'info']('step left to a later run', { ...fields, yieldedTo });
  }

  tableFinished({ report }: EventOf<'table-finished'>, fields: LogFields): void {
    for (const yieldedTo of summed) {
      const steps = report.steps.filter((step) => step.yieldedTo === yieldedTo && step.durationMs === 0).length;
      if (steps > 0) this.#logger.info('steps left to a later run', { ...fields, steps, yieldedTo });
    }
  }

  runFinished(runId: string): void {
    this.#toldAtMs.delete(runId);
    this.#held.delete(runId);
  }

  #tell(runId: string, step: Step): void {
    const ofRun = this.#toldAtMs.get(runId) ?? new Map<string, number>();
    this.#toldAtMs.set(runId, ofRun.set(keyOf(step), this.#elapsedMs()));
  }
}

function keyOf(step: Step): string {
  return JSON.stringify([step.kind, formatQualifiedName(step.partition), 'index' in step ? formatQualifiedName(step.index) : null]);
}
