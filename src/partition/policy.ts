import type { Interval, Span } from './interval.ts';
import type { KeyEncoding } from './key-encoding.ts';
import type { MigrationPolicy } from './migration/policy.ts';
import type { QualifiedName } from './qualified-name.ts';

/** What the user wants of one table; made by config/, never changed afterwards. */
export interface TablePolicy {
  readonly table: QualifiedName;
  readonly interval: Interval;
  /** Partitions wholly after the current one that must exist; 0 or more. */
  readonly premake: number;
  /** First partition of an empty table: EpochMicros for a calendar interval, a key value for an integer one. */
  readonly startFrom: bigint | null;
  /** IANA zone whose calendar the bounds follow. */
  readonly timezone: string;
  readonly encoding: KeyEncoding;
  /** Name template with its tokens unexpanded, for example `{table}_{yyyy}_q{q}`. */
  readonly name: string;
  readonly defaultPartition: 'none' | 'keep' | 'managed';
  readonly retention: Retention | null;
  /** Storage parameters of new partitions, for example { fillfactor: '90' }; they win over those of the newest sibling. */
  readonly storage: Readonly<Record<string, string>>;
  /** Null: partitions are neither vacuumed, analysed nor reindexed. */
  readonly maintenance: MaintenancePolicy | null;
  readonly indexes: readonly IndexPolicy[];
  /** Whether indexes that partitiond made go when `indexes` no longer asks for them. */
  readonly dropRemovedIndexes: boolean;
  /** Empty: one automatic probe, of the current interval. */
  readonly probes: readonly ProbePolicy[];
  /** What a partition should grow to, at most; advice is measured by it, and nothing else. */
  readonly targetPartitionBytes: number;
  /** Null: the table is partitioned already, or never shall be. */
  readonly migration: MigrationPolicy | null;
}

/** A query that must prune, and what it may cost. */
export interface ProbePolicy {
  /** Unique within its table. */
  readonly name: string;
  /** One statement without semicolon, its parameters as $1, $2, ... */
  readonly sql: string;
  /** In their order, as PostgreSQL reads them from text; null is NULL. */
  readonly params: readonly (string | null)[];
  /** Whether it is really run, in a transaction that cannot write. */
  readonly analyze: boolean;
  readonly timeoutMs: number;
  readonly expect: ProbeExpectation;
}

/** Null: whatever it is. */
export interface ProbeExpectation {
  /** Partitions of the table that may be left after pruning. */
  readonly partitions: number | null;
  readonly planningMs: number | null;
  /** Only with `analyze`. */
  readonly executionMs: number | null;
}

export interface Retention {
  /** Measured back from now (calendar) or from the newest key (integer) to a partition's real upper bound. */
  readonly keep: Span;
  readonly action: 'detach' | 'drop';
  /** Between detach and drop; a zero span drops at once. Null when `action` is detach. */
  readonly grace: Span | null;
  /** Detached tables are moved there; null leaves them in their schema. */
  readonly schema: string | null;
}

/** Limits that hold for all tables of the process. Milliseconds. */
export interface Safety {
  readonly lockTimeoutMs: number;
  readonly lockBudgetMs: number;
  readonly statementTimeoutMs: number;
  readonly maxRemovals: number;
  readonly maxClockSkewMs: number;
}

/** One database of the configuration. */
export interface DatabasePolicy {
  readonly name: string;
  readonly connection: Connection;
  /** Schema of the journal. */
  readonly journalSchema: string;
  /** Role in which probes are planned and run (SET LOCAL ROLE); null: that of the connection. */
  readonly probeRole: string | null;
  readonly tables: readonly TablePolicy[];
}

/** Where to connect; a file is read again on every connect, so that rotated secrets are picked up. */
export type Connection = { readonly kind: 'url'; readonly url: string } | { readonly kind: 'file'; readonly path: string };

/** When and how hard the partitions of a table are vacuumed, analysed and reindexed; made of the block `maintenance`. */
export interface MaintenancePolicy {
  /** VACUUM a partition when its dead rows pass this share of its live ones, or this number. */
  readonly vacuumDeadRatio: number;
  readonly vacuumDeadRows: number;
  /** ANALYZE it when the rows changed since the last one pass this share of its live ones, or this number. */
  readonly analyzeChangedRatio: number;
  readonly analyzeChangedRows: number;
  /** VACUUM (FREEZE) at this share of the age at which autovacuum would be forced to. */
  readonly freezeAgeRatio: number;
  /** VACUUM (FREEZE, ANALYZE) a partition once, after it has closed. */
  readonly freezeClosed: boolean;
  /** A partition has closed when its range has been over, and its rows have been unchanged, for this long. */
  readonly closedForMs: number;
  /** REINDEX CONCURRENTLY when this share of an index is estimated to be waste; null: only invalid ones. */
  readonly reindexBloat: number | null;
  /** Smaller indexes are not looked at for bloat. */
  readonly reindexMinBytes: number;
  /** ANALYZE of the partitioned table itself; null: never. */
  readonly parentAnalyzeEveryMs: number | null;
  readonly limits: UpkeepLimits;
}

/** How much upkeep may get in the way of others. */
export interface UpkeepLimits {
  /** Partitions of the table at the same time; a database works on no more than the greatest of its tables. */
  readonly concurrency: number;
  /** Null: at any time. */
  readonly window: MaintenanceWindow | null;
  /** `vacuum_cost_delay` and `vacuum_cost_limit`; null: the server's. */
  readonly costDelayMs: number | null;
  readonly costLimit: number | null;
  /** Nothing further is begun while a standby is further behind, or more sessions wait for locks; null: whatever happens. */
  readonly maxReplicationLagMs: number | null;
  readonly maxLockWaiters: number | null;
}

/** From each firing of `cron` (5 or 6 fields, read in `timezone`) for `durationMs`. */
export interface MaintenanceWindow {
  readonly cron: string;
  readonly durationMs: number;
  readonly timezone: string;
}

/** An index that the policy asks for. */
export interface IndexPolicy {
  /** Of the index on the partitioned table, in its schema; those of partitions are named after it. */
  readonly name: string;
  /** In their order, never empty. */
  readonly keys: readonly IndexKey[];
  readonly method: string;
  readonly isUnique: boolean;
  /** Columns as the catalog has them. */
  readonly include: readonly string[];
  /** SQL condition; null: a whole index. */
  readonly where: string | null;
  /** Storage parameters. */
  readonly storage: Readonly<Record<string, string>>;
  readonly tablespace: string | null;
  readonly partitions: IndexedPartitions;
}

export type IndexKey =
  /** `column` as the catalog has it; `options` is SQL that may follow it (collation, operator class, DESC NULLS LAST), or empty. */
  | { readonly kind: 'column'; readonly column: string; readonly options: string }
  | { readonly kind: 'expression'; readonly expression: string };

/**
 * all: an index of the partitioned table, which every partition has. The others are independent indexes of some partitions alone: the
 * current one and those ahead of it; those and the `count - 1` before; those whose range is over.
 */
export type IndexedPartitions = { readonly kind: 'all' | 'current' | 'closed' } | { readonly kind: 'newest'; readonly count: number };
