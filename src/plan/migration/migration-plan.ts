import type { Strategy, Waiver } from '../../partition/migration/policy.ts';
import type { MigrationSpec } from '../../partition/migration/spec.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';

/** What stands in the way; a sentence that names the fix. With `waiver` the user may accept it, and `consequence` is what that means. */
export interface Refusal {
  readonly subject: string;
  readonly message: string;
  readonly waiver: Waiver | null;
  readonly consequence: string | null;
}

/** One step as the plan prints it. Lock modes as pg_locks has them. */
export interface MigrationStep {
  readonly number: number;
  readonly title: string;
  readonly locks: readonly { readonly relation: string; readonly mode: string }[];
  /** How long the locks are held: `brief` (ladder), `switch` (maxLock), `long` (hinder nobody). */
  readonly duration: 'none' | 'brief' | 'switch' | 'long';
  readonly undo: string;
}

/** All that `migrate plan` says; nothing is changed for it. */
export interface MigrationPlan {
  readonly table: QualifiedName;
  /** What `auto` has chosen, or what was asked for. */
  readonly strategy: Strategy;
  /** Null when something is refused. */
  readonly spec: MigrationSpec | null;
  readonly refusals: readonly Refusal[];
  /** Accepted by `migration.waive`. */
  readonly waived: readonly Refusal[];
  /** What a reader should know and nothing refuses. */
  readonly notes: readonly string[];
  /** None of what is no ordinary table. */
  readonly steps: readonly MigrationStep[];
  /** Of the target: how many, the first one's bound and the last one's, as people read them. Null when that cannot be said. */
  readonly partitions: { readonly count: number; readonly first: string; readonly last: string } | null;
  readonly diskBytes: number;
  readonly walBytes: number;
  /** Null: never analysed. */
  readonly estimatedSeconds: number | null;
  /** Of spec and steps; the same plan has the same hash. */
  readonly hash: string;
  /** What was asked for besides the table, as the command line says it: `--partitions a,b --interval "1 month"`. Absent: the table itself. */
  readonly request?: string;
}
