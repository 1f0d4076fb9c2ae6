import type { EpochMicros } from '../position.ts';
import type { QualifiedName } from '../qualified-name.ts';
import type { Capture, Strategy } from './policy.ts';
import type { Live, MigrationPhase, Regrain } from './spec.ts';

export type BrakeReason = 'replication-lag' | 'load' | 'lock' | 'window';
/**
 * Why a person must look. mismatch: both sides differ where they must not; duplicates: the follower's unique keys refuse rows that the live table holds,
 * and whoever runs it tries again by itself.
 */
export type PauseKind = 'definition' | 'far-future' | 'mismatch' | 'disk' | 'duplicates';

export interface Verdict {
  readonly at: EpochMicros;
  /** Which side was live. */
  readonly live: Live;
  readonly rows: number;
  readonly mismatches: number;
  /** Differences between the two sides' indexes, constraints, grants and policies, as sentences. */
  readonly differences: readonly string[];
}

export interface LastSwitch {
  readonly at: EpochMicros;
  readonly direction: 'forward' | 'back';
  /** From the first exclusive lock to the commit. */
  readonly lockMs: number;
  readonly attempts: number;
}

/** What the journal knows of one migration. */
export interface MigrationRecord {
  readonly id: string;
  readonly table: QualifiedName;
  readonly sourceOid: string;
  /** Null until the target exists. */
  readonly targetOid: string | null;
  readonly strategy: Strategy;
  readonly capture: Capture;
  readonly planHash: string;
  readonly phase: MigrationPhase;
  readonly live: Live;
  readonly paused: { readonly kind: PauseKind; readonly reason: string } | null;
  readonly verdict: Verdict | null;
  readonly lastSwitch: LastSwitch | null;
  readonly startedAt: EpochMicros;
  readonly phaseAt: EpochMicros;
  /** Last time that a batch, a replay or a verified chunk was committed; of the phase's begin before that. */
  readonly progressAt: EpochMicros;
  readonly readyAt: EpochMicros | null;
  readonly switchedAt: EpochMicros | null;
  readonly finishedAt: EpochMicros | null;
  /** Of one that is about partitions of the table, not about the table; absent else. */
  readonly regrain?: Regrain;
}

/** What `migrate status --json` prints and the metrics show. */
export interface MigrationStatus {
  readonly table: QualifiedName;
  readonly strategy: Strategy;
  readonly capture: Capture;
  readonly phase: MigrationPhase;
  readonly paused: MigrationRecord['paused'];
  readonly live: Live;
  readonly rowsCopied: number;
  /** Null: never analysed. */
  readonly rowsEstimated: number | null;
  /** 0 to 1, of the blocks; of the chunks while verifying. */
  readonly progress: number;
  readonly rowsPerSecond: number | null;
  readonly backlogRows: number;
  readonly logBytes: number;
  readonly oldestUnreplayedAt: EpochMicros | null;
  readonly etaSeconds: number | null;
  readonly brakes: readonly BrakeReason[];
  readonly verdict: Verdict | null;
  readonly lastSwitch: LastSwitch | null;
  /** Who runs it right now, as they call themselves; null: nobody. For people only. */
  readonly runBy: string | null;
  /** The command to type next; null: none. */
  readonly next: string | null;
  /** What was taken away that it cannot do without, as sentences; absent: nothing. */
  readonly problems?: readonly string[];
  /** Of one that is about partitions; for people only. */
  readonly regrain?: Regrain;
  /** Of one that has finished: what of the old side is still there, and from when on it may be dropped (null: never by us). For people only. */
  readonly kept?: readonly { readonly name: QualifiedName; readonly dropAfter: EpochMicros | null }[];
}
