import type { Safety } from '../partition/policy.ts';
import type { EpochMicros } from '../partition/position.ts';
import type { Task } from './step.ts';

/** What a decision depends on beside the policy and the snapshot; the same for all tables of one run. */
export interface PlanContext {
  /** The database's clock, read with the snapshot, or `--now`. Provisioning, retention and grace follow it. */
  readonly now: EpochMicros;
  /** Database clock minus local clock in milliseconds, always of the real clocks. */
  readonly clockSkewMs: number;
  readonly safety: Safety;
  /** Raises `safety.maxRemovals` for this run; null: not raised. */
  readonly allowRemovals: number | null;
  /** Only steps of these tasks get into the plan; findings always do. */
  readonly tasks: readonly Task[];
}
