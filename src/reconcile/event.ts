import type { StepProgress } from '../apply/apply-context.ts';
import type { StepReport } from '../apply/step-report.ts';
import type { PartitiondError } from '../errors.ts';
import type { Pause } from '../journal/pause.ts';
import type { PartitionedTable, ServerFacts, TableState } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { Plan } from '../plan/plan.ts';
import type { Step, Task } from '../plan/step.ts';

/** What became of one table in one run. */
export interface TableReport {
  readonly table: QualifiedName;
  /** The state read last: after the steps, unless an abort or a lost connection came first. */
  readonly state: TableState | null;
  readonly plan: Plan | null;
  readonly steps: readonly StepReport[];
  readonly error: PartitiondError | null;
}

export interface RunReport {
  readonly runId: string;
  readonly database: string;
  readonly facts: ServerFacts | null;
  /** Set when work is paused (`partitiond pause`), also since the run began: the steps of every later table are then reported as refused. */
  readonly pause: Pause | null;
  readonly tables: readonly TableReport[];
  /** Those of them whose turn did not come, as something ended the run before. */
  readonly unreached: readonly QualifiedName[];
}

/** Everything that happens, for logs and metrics; `reconcile` knows neither. All carry `runId` and `database`. */
export type ReconcileEvent = { readonly runId: string; readonly database: string } & (
  | { readonly kind: 'run-started'; readonly tasks: readonly Task[] }
  | {
      readonly kind: 'snapshot-read';
      /** Whether the run is about all tables of the policy. */
      readonly isWhole: boolean;
      readonly facts: ServerFacts;
      readonly tables: readonly { readonly policy: TablePolicy; readonly state: TableState; readonly plan: Plan }[];
      readonly durationMs: number;
    }
  | { readonly kind: 'table-planned'; readonly table: QualifiedName; readonly plan: Plan }
  | { readonly kind: 'step-started'; readonly table: QualifiedName; readonly step: Step; readonly index: number; readonly total: number }
  | {
      readonly kind: 'lock-timeout';
      readonly table: QualifiedName;
      readonly step: Step;
      readonly attempt: number;
      readonly reason: 'lock-timeout' | 'deadlock';
      /** Of the step's lock budget, pauses between attempts included. */
      readonly spentMs: number;
    }
  | ({ readonly kind: 'step-progress'; readonly table: QualifiedName; readonly step: Step } & StepProgress)
  /** Nothing further is begun while `reason` holds; null: it no longer does. */
  | { readonly kind: 'upkeep-held'; readonly reason: 'replication-lag' | 'lock-waiters' | null; readonly explanation: string }
  /** How many sessions wait behind steps that run side by side, right now. */
  | { readonly kind: 'sessions-blocked'; readonly count: number }
  | { readonly kind: 'step-finished'; readonly table: QualifiedName; readonly report: StepReport; readonly sql: readonly string[] }
  | {
      readonly kind: 'table-failed';
      readonly table: QualifiedName;
      readonly phase: 'read' | 'plan' | 'apply' | 'verify';
      readonly error: PartitiondError;
    }
  | {
      readonly kind: 'table-finished';
      readonly table: QualifiedName;
      readonly after: PartitionedTable | null;
      readonly report: TableReport;
    }
  | {
      readonly kind: 'run-finished';
      readonly report: RunReport;
      readonly durationMs: number;
      readonly outcome: 'ok' | 'failed' | 'aborted';
    }
);

export type ReconcileObserver = (event: ReconcileEvent) => void;
