import type { PartitiondError } from '../errors.ts';
import type { DatabasePolicy, Safety } from '../partition/policy.ts';
import type { EpochMicros } from '../partition/position.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { Clock } from '../postgres/clock.ts';
import type { Session } from '../postgres/session.ts';
import type { TouchedPartitions } from './touched-partitions.ts';
import type { UnprunedReason } from './unpruned.ts';

/** One run of one probe. */
export interface ProbeResult {
  readonly table: QualifiedName;
  readonly probe: string;
  /** Whether it is the one that a table without probes gets. */
  readonly isAutomatic: boolean;
  readonly sql: string;
  readonly ranAt: EpochMicros;
  readonly outcome: 'met' | 'missed' | 'failed';
  /** One sentence each: what was missed, or why it failed; empty when met. */
  readonly problems: readonly string[];
  /** Set when it failed. */
  readonly error: PartitiondError | null;
  /** Null when it failed. */
  readonly touched: TouchedPartitions | null;
  readonly allowed: number | null;
  readonly planningMs: number | null;
  readonly executionMs: number | null;
  readonly buffers: { readonly hit: number; readonly read: number } | null;
  /** Only of one that touched more than it may. */
  readonly unpruned: UnprunedReason | null;
  /** EXPLAIN's JSON; null when it failed. */
  readonly plan: string | null;
}

export interface ProbeContext {
  readonly safety: Safety;
  readonly clock: Clock;
  /** Of the database's tables, those to look at; null: all. */
  readonly tables: readonly QualifiedName[] | null;
}

/**
 * Runs the probes of a database one after the other, each in a transaction of its own that is read-only and rolled back, with its own
 * statement timeout. What is wrong with one is its result, and the others run. Throws `ConnectionError`, the signal's reason on abort.
 */
export async function runProbes(
  _session: Session,
  _database: DatabasePolicy,
  _context: ProbeContext,
  _signal: AbortSignal,
): Promise<readonly ProbeResult[]> {
  return await Promise.reject(new Error('not yet'));
}
