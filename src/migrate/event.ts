import type { MigrationPhase } from '../partition/migration/spec.ts';
import type { BrakeReason, MigrationRecord, MigrationStatus, PauseKind } from '../partition/migration/status.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';

/** Everything that happens in a migration, for logs, progress and metrics; the room knows none of these. */
export type MigrationEvent = { readonly database: string; readonly table: QualifiedName } & (
  | { readonly kind: 'migration-phase'; readonly record: MigrationRecord; readonly phase: MigrationPhase }
  /** A step of a phase, for people: `create target public.revenues_partitioned`. */
  | {
      readonly kind: 'migration-step';
      readonly step: string;
      readonly sql: readonly string[];
      readonly durationMs: number;
      /** It belongs to another step, which is told as well. */
      readonly isDetail?: true;
    }
  | { readonly kind: 'batch-copied'; readonly rows: number; readonly blocks: number; readonly durationMs: number }
  | { readonly kind: 'batch-checked'; readonly rows: number; readonly mismatches: number }
  | { readonly kind: 'replayed'; readonly rows: number; readonly durationMs: number }
  | { readonly kind: 'chunk-verified'; readonly rows: number; readonly mismatches: number }
  | { readonly kind: 'canary'; readonly commitMs: number }
  | { readonly kind: 'throttled'; readonly reason: BrakeReason; readonly ms: number; readonly explanation: string }
  | { readonly kind: 'migration-paused'; readonly reason: PauseKind; readonly explanation: string }
  /** Something is left for a person to do, and keeps nothing from going on. */
  | { readonly kind: 'migration-warning'; readonly explanation: string }
  | {
      readonly kind: 'switch-attempted';
      readonly direction: 'forward' | 'back';
      readonly outcome: 'ok' | 'lock-timeout' | 'drain' | 'snapshot' | 'failed';
      /** From the first exclusive lock to the commit or rollback; 0 when none was taken. */
      readonly lockMs: number;
      readonly explanation: string;
    }
  | { readonly kind: 'migration-status'; readonly status: MigrationStatus }
);

/** What an emitter says; the engine adds whose it is. */
export type MigrationHappening = MigrationEvent extends infer E
  ? E extends MigrationEvent
    ? Omit<E, 'database' | 'table'>
    : never
  : never;
