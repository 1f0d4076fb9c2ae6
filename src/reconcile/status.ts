/** What `status --json` and GET /api/v1/status answer for one database. Bigints are strings, times ISO 8601, sizes bytes. */
export interface DatabaseStatus {
  readonly database: string;
  /** Database clock at the snapshot; null when it could not be read. */
  readonly now: string | null;
  readonly paused: { readonly reason: string; readonly by: string; readonly at: string } | null;
  readonly error: string | null;
  readonly tables: readonly TableStatus[];
  readonly runs: readonly RunStatus[];
  /** Who was last to take the leadership, as the journal has it; it may have ended since. Null when nobody was, or it could not be read. */
  readonly leader: { readonly holder: string; readonly epoch: string; readonly since: string } | null;
}

export interface TableStatus {
  readonly table: string;
  readonly interval: string;
  readonly premake: number;
  /** Attached ranges, default included. */
  readonly partitionCount: number;
  /** Partitions wholly after the current one. */
  readonly futureCount: number;
  /** End of the gap-free coverage from now; null when now is not covered or coverage has no end. */
  readonly coverageEnd: string | null;
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
  readonly steps: number;
  readonly findings: readonly {
    readonly kind: string;
    readonly severity: string;
    readonly message: string;
    readonly partition: string | null;
  }[];
  readonly error: string | null;
  readonly partitions: readonly PartitionStatus[];
  /** What the positions of its key are; null when it could not be read. */
  readonly axis: 'time' | 'integer' | null;
  /** Where now is on that axis, as bounds are displayed; of integer keys the newest key's. Null when it could not be read, or no row is known. */
  readonly position: string | null;
  /** Partitions that end at or before this have left their retention; null without retention, or while nothing tells what it counts from. */
  readonly retentionCutoff: string | null;
  /** Missing ranges between the first and the last partition, in their order. */
  readonly gaps: readonly { readonly from: string; readonly to: string }[];
  /** As the journal has them, in the order of the policy; empty before the first run. */
  readonly probes: readonly ProbeStatus[];
  /** The migration of the table while it is not over; null when there is none. */
  readonly migration: MigrationSummary | null;
  /** Long commands that partitiond has at work on the table right now; empty when there are none. */
  readonly inProgress: readonly WorkStatus[];
}

/** How far a migration is, as the journal has it. */
export interface MigrationSummary {
  readonly phase: string;
  readonly live: 'source' | 'target';
  readonly paused: { readonly kind: string; readonly reason: string } | null;
  readonly rowsCopied: number;
  readonly rowsEstimated: number | null;
  /** The command that leads on; null when there is none. */
  readonly next: string | null;
}

/** The last run of a probe. */
export interface ProbeStatus {
  readonly probe: string;
  readonly ranAt: string;
  readonly outcome: 'met' | 'missed' | 'failed';
  readonly scanned: number | null;
  readonly total: number | null;
  readonly allowed: number | null;
  readonly planningMs: number | null;
  readonly executionMs: number | null;
  readonly problems: readonly string[];
  /** Of the last run that was not met. */
  readonly lastMissAt: string | null;
}

/** A VACUUM, ANALYZE, CREATE INDEX or REINDEX at work; `done` of `total` are of the phase, both 0 where PostgreSQL does not say. */
export interface WorkStatus {
  /** The relation, of whatever level. */
  readonly partition: string;
  readonly command: 'vacuum' | 'analyze' | 'create-index' | 'reindex';
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

export interface PartitionStatus {
  readonly partition: string;
  readonly state: 'attached' | 'default' | 'detach-pending' | 'detached' | 'foreign' | 'unreadable';
  readonly from: string | null;
  readonly to: string | null;
  readonly isCurrent: boolean;
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
}

export interface RunStatus {
  readonly task: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** interrupted: the process was killed. Null while it runs. */
  readonly outcome: 'ok' | 'failed' | 'aborted' | 'interrupted' | null;
}
