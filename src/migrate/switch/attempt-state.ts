import type { SwitchLock } from '../../ddl/migration/switch/locks.ts';

/** Which attempt at a switch it is. */
export interface AttemptOptions {
  /** From 1. */
  readonly number: number;
  readonly isRehearsal: boolean;
}

/** How far an attempt came, also when it fails. */
export interface AttemptState {
  /** When the first exclusive lock was held; monotonic milliseconds. */
  lockedAt: number | null;
  /** Wanted locks, for the names of blockers. */
  locks: readonly SwitchLock[];
  /** Each with what it took; in a rehearsal one by one, else the first lock, the drain and all the rest. */
  readonly statements: { readonly sql: string; readonly ms: number }[];
}
