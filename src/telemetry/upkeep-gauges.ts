import type { QualifiedName } from '../partition/qualified-name.ts';
import { isUpkeep, type Step } from '../plan/step.ts';
import type { ReconcileEvent } from '../reconcile/event.ts';
import type { Labels } from './exposition/render-sample.ts';
import type { MetricStore } from './metric-store.ts';
import { partitionLabel } from './snapshot/partition-columns.ts';

type Held = Extract<ReconcileEvent, { kind: 'upkeep-held' }>;
type Told = Extract<
  ReconcileEvent,
  { kind: 'step-started' | 'step-progress' | 'step-finished' | 'run-finished' | 'sessions-blocked' | 'upkeep-held' }
>;

const holdReasons = ['replication-lag', 'lock-waiters'] as const satisfies readonly NonNullable<Held['reason']>[];

/**
 * What one database's upkeep tells while it is at work: how far its steps are, whether it is held, and how many sessions wait behind it.
 * Series of a step are there from its beginning to its end, and none outlives its run.
 */
export class UpkeepGauges {
  readonly #store: MetricStore;
  readonly #database: string;
  /** Labels of the steps at work, by run; runs of one lane follow one another, but a lost one may not have said its last word. */
  readonly #atWork = new Map<string, Labels[]>();
  #blocked = 0;
  /** The run that said last whom it holds up or what holds it up. */
  #saidBy: string | null = null;

  constructor(store: MetricStore, database: string) {
    this.#store = store;
    this.#database = database;
    this.#hold(null);
  }

  /** Sessions that wait behind steps right now. */
  get blocked(): number {
    return this.#blocked;
  }

  observe(event: Told): void {
    switch (event.kind) {
      case 'step-started':
        return this.#show(event, 0);
      case 'step-progress':
        // Some phases do not say how much there is to do.
        return this.#show(event, event.total > 0 ? Math.min(1, event.done / event.total) : 0);
      case 'step-finished':
        return this.#stepEnded(event);
      case 'sessions-blocked':
        this.#saidBy = event.runId;
        this.#blocked = event.count;
        return;
      case 'upkeep-held':
        this.#saidBy = event.runId;
        return this.#hold(event.reason);
      case 'run-finished':
        return this.#runEnded(event.runId);
    }
  }

  #show({ runId, table, step }: Extract<Told, { kind: 'step-started' | 'step-progress' }>, ratio: number): void {
    if (!isUpkeep(step)) return;
    const labels = this.#labelsOf(table, step);
    const known = this.#atWork.get(runId) ?? [];
    if (!known.some((one) => isSame(one, labels))) this.#atWork.set(runId, [...known, labels]);
    this.#store.set('table_step_progress_ratio', labels, ratio);
  }

  #stepEnded({ runId, table, report }: Extract<Told, { kind: 'step-finished' }>): void {
    const labels = this.#labelsOf(table, report.step);
    const known = this.#atWork.get(runId);
    if (known?.some((one) => isSame(one, labels)) !== true) return;
    this.#atWork.set(
      runId,
      known.filter((one) => !isSame(one, labels)),
    );
    this.#store.remove('table_step_progress_ratio', labels);
  }

  #runEnded(runId: string): void {
    for (const labels of this.#atWork.get(runId) ?? []) this.#store.remove('table_step_progress_ratio', labels);
    this.#atWork.delete(runId);
    if (this.#saidBy !== runId) return;
    this.#blocked = 0;
    this.#hold(null);
  }

  #hold(reason: Held['reason']): void {
    for (const one of holdReasons) this.#store.set('maintenance_held', { database: this.#database, reason: one }, one === reason ? 1 : 0);
  }

  #labelsOf(table: QualifiedName, { partition, kind }: Step): Labels {
    return {
      database: this.#database,
      schema: table.schema,
      table: table.name,
      partition: partitionLabel(partition, table),
      step: kind,
    };
  }
}

function isSame(a: Labels, b: Labels): boolean {
  return Object.entries(a).every(([name, value]) => b[name] === value);
}
