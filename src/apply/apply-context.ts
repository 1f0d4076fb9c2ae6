import type { QualifiedName } from '../partition/qualified-name.ts';
import type { Step } from '../plan/step.ts';
import type { Clock } from '../postgres/clock.ts';
import type { LockBudget, LockFailure } from './lock-budget.ts';
import type { StepReport } from './step-report.ts';

/** What the catalog says of a table now; this room is handed the reader, as reading the catalog is another room's. */
export interface PartitionState {
  readonly oid: string;
  /** Null: it is not a partition. */
  readonly parentOid: string | null;
  readonly boundText: string | null;
  readonly isDetachPending: boolean;
}

/** `table`, `runId` and `database` are added by whoever passes the events on. */
export type ApplyEvent =
  | { readonly kind: 'step-started'; readonly step: Step; readonly index: number; readonly total: number }
  | { readonly kind: 'lock-timeout'; readonly step: Step; readonly attempt: number; readonly reason: LockFailure; readonly spentMs: number }
  | ({ readonly kind: 'step-progress'; readonly step: Step } & StepProgress)
  | { readonly kind: 'step-finished'; readonly report: StepReport; readonly sql: readonly string[] };

/** How far a long command is, as PostgreSQL tells (pg_stat_progress_*); `done` of `total` are of the phase, both 0 where it does not say. */
export interface StepProgress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

/** What stays the same for all steps of a plan. */
export interface ApplyContext {
  /** `server_version_num`. */
  readonly serverVersion: number;
  /** Of one step; all its batches and attempts share it. The first step that spends it leaves the later ones of the plan one attempt each. */
  readonly budget: LockBudget;
  readonly clock: Clock;
  readonly journal: { readonly schema: string; readonly runId: string; readonly who: string };
  /** A statement that raises unless this process still leads; first in every writing transaction. Null where leadership is off. */
  readonly epochGuard: string | null;
  /** The table of that name: null when there is none, or when the catalog room sees no partition of `tableOid` in it. */
  readonly readPartitionState: (tableOid: string, name: QualifiedName) => Promise<PartitionState | null>;
  readonly onEvent: (event: ApplyEvent) => void;
}
