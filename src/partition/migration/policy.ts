import type { Span } from '../interval.ts';

/** How one ordinary table becomes a partitioned one; made of the block `migration` of its entry (docs/guides/migration.md). */
export interface MigrationPolicy {
  /** Column as the catalog has it. */
  readonly partitionKey: string;
  /** auto: attach above 200 GiB when the primary key and all unique indexes hold the partition key, else copy. */
  readonly strategy: 'auto' | Strategy;
  readonly capture: Capture;
  readonly copy: CopyPolicy;
  /** When batches may be copied; empty: at any time. */
  readonly window: readonly DailyWindow[];
  readonly brakes: BrakePolicy;
  readonly verify: { readonly eachBatch: 'content' | 'counts'; readonly maxAgeMs: number };
  readonly switchover: SwitchPolicy;
  /** Schemas whose views of the table's name read the old and the new table; null: none are made. */
  readonly readSchemas: { readonly old: string; readonly new: string } | null;
  /** any: the daemon's leader goes on with what nobody runs. cli: only a command does. */
  readonly runner: 'any' | 'cli';
  /** From `finish` to the drop of the old table. */
  readonly keepOld: Span;
  readonly waive: readonly Waiver[];
}

export type Strategy = 'copy' | 'attach';
export type Capture = 'log' | 'dual';

export interface CopyPolicy {
  readonly workers: number;
  /** What a batch should take; its size follows. Milliseconds. */
  readonly batchTimeMs: number;
  /** The pause after a batch as a share of its duration; 0: none. */
  readonly pace: number;
  /** Captured positions beyond which replay no longer waits for the copy's end. */
  readonly maxBacklog: number;
  /** What the disk of the data directory has left, which no server tells; null: not said, and not checked. */
  readonly diskFreeBytes: number | null;
}

export interface BrakePolicy {
  readonly replicaLagMs: number;
  readonly slotWalBytes: number;
  /** A commit of the canary that takes longer than so many times an idle one holds new batches back. */
  readonly commitLatencyFactor: number;
}

export interface SwitchPolicy {
  /** From the first exclusive lock to the commit. */
  readonly maxLockMs: number;
  /** What the rest of the log may take to drain under the locks. */
  readonly drainMs: number;
  /** All attempts together. */
  readonly deadlineMs: number;
  readonly window: readonly DailyWindow[];
  readonly oldSnapshots: 'wait' | 'ignore';
}

/** Half-open, in the table's time zone; `to` at or before `from` is on the next day. Minutes since midnight, days 1 = Monday to 7. */
export interface DailyWindow {
  readonly days: readonly number[];
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** What a user accepts by name; each prints its consequence in the plan. */
export const waivers = ['dual-errors', 'unique-without-key', 'drop-incoming-key', 'keep-on-old', 'publication'] as const;
export type Waiver = (typeof waivers)[number];
