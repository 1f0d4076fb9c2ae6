import type { Interval, Span } from './interval.ts';
import type { KeyEncoding } from './key-encoding.ts';
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
  readonly tables: readonly TablePolicy[];
}

/** Where to connect; a file is read again on every connect, so that rotated secrets are picked up. */
export type Connection = { readonly kind: 'url'; readonly url: string } | { readonly kind: 'file'; readonly path: string };
