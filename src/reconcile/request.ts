import type { MaintenanceWindow, Safety } from '../partition/policy.ts';
import type { EpochMicros } from '../partition/position.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { Task } from '../plan/step.ts';
import type { Clock } from '../postgres/clock.ts';
import type { Session } from '../postgres/session.ts';
import type { ReconcileObserver } from './event.ts';

/** What one run is asked to do. */
export interface ReconcileRequest {
  /** plan reads and decides, and never writes; apply also changes and journals. */
  readonly mode: 'plan' | 'apply';
  /** Only steps of these tasks are planned; findings always are. */
  readonly tasks: readonly Task[];
  /** Null: every table of the policy. */
  readonly tables: readonly QualifiedName[] | null;
  /** Tables to begin with, in the order of the policy like the others after them. */
  readonly first?: readonly QualifiedName[];
  /** Another clock for planning, grace and retention; null: the database's. The skew guard always compares the real clocks. */
  readonly now: EpochMicros | null;
  /** Raises the removal budget for this run; null: `safety.maxRemovals`. */
  readonly allowRemovals: number | null;
}

/** What a run needs from its surroundings. */
export interface ReconcileContext {
  readonly safety: Safety;
  readonly clock: Clock;
  readonly observe: ReconcileObserver;
  /** Age at which the journal's history is forgotten, by runs that include the task `retention`; milliseconds. */
  readonly journalKeepMs: number;
  /** Who is recorded in the journal, for example `partitiond:run pod-1`. */
  readonly who: string;
  /** SQL that raises unless this process still leads; run first in every writing transaction. Null where leadership is off. */
  readonly epochGuard: string | null;
  readonly upkeep: UpkeepSurroundings;
}

/** What steps that run side by side need. */
export interface UpkeepSurroundings {
  /** Another session to the database of the run, for one worker. */
  connect(signal: AbortSignal): Promise<Session>;
  /** When the window that is open at `now` closes; null: it is closed. */
  windowEnd(window: MaintenanceWindow, now: EpochMicros): EpochMicros | null;
  /** Once what was planned is so old, nothing further of it is begun; null: it is never too old. Milliseconds. */
  readonly freshForMs: number | null;
}
