import type { MaintenanceWindow } from '../../partition/policy.ts';
import type { EpochMicros } from '../../partition/position.ts';
import type { CommandProgress } from '../../partition/upkeep.ts';
import type { Session } from '../../postgres/session.ts';
import type { ApplyContext, ApplyEvent } from '../apply-context.ts';

/** As of `ApplyEvent`: `table` (that of the step), `runId` and `database` are added by whoever passes the events on. */
export type UpkeepEvent =
  | ApplyEvent
  /** No further step is begun while `reason` holds; null: it no longer does. */
  | { readonly kind: 'upkeep-held'; readonly reason: 'replication-lag' | 'lock-waiters' | null; readonly explanation: string }
  /** How many sessions wait behind steps that run side by side; told when it changes, and 0 at the end. */
  | { readonly kind: 'sessions-blocked'; readonly count: number };

/** What steps that run side by side need besides what every step needs; this room is handed what other rooms read or decide. */
export interface UpkeepContext extends ApplyContext {
  /** Another session to the same database, for one worker; it is closed here. */
  connect(signal: AbortSignal): Promise<Session>;
  /** When the window that is open at `now` (the database's clock) closes; null: it is closed. */
  windowEnd(window: MaintenanceWindow, now: EpochMicros): EpochMicros | null;
  /** When the plan is too old to begin anything of it that has not begun, on `clock.monotonicMs`; null: never. */
  readonly freshUntilMs: number | null;
  /** Of the backends `pids`; asked on the session that conducts. */
  readProgress(session: Session, pids: readonly number[], signal: AbortSignal): Promise<readonly CommandProgress[]>;
  /** Whether work was paused since the run began; asked on the session that conducts. */
  isPaused(signal: AbortSignal): Promise<boolean>;
  readonly onEvent: (event: UpkeepEvent) => void;
}
