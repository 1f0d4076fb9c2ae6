import type { QualifiedName } from '../partition/qualified-name.ts';

/** What partitioning an ordinary table would take. */
export interface OrdinaryAdvice {
  readonly table: QualifiedName;
  readonly estimatedRows: number;
  readonly bytes: number;
  /** Columns that could be the key, the best first. */
  readonly candidates: readonly KeyCandidate[];
  /** What stands in the way whatever the key is: sentences, each with what to do. */
  readonly blockers: readonly string[];
  /** Null without a candidate. */
  readonly proposal: {
    readonly column: string;
    /** As the policy writes it: `1 month`. */
    readonly interval: string;
    readonly partitions: number;
    /** A list entry for `tables:`. */
    readonly yaml: string;
    /** CREATE TABLE ... PARTITION BY of the parent, runnable. */
    readonly ddl: string;
  } | null;
}

export interface KeyCandidate {
  readonly column: string;
  readonly type: string;
  /** 0 to 1; null when never analysed. */
  readonly nullFraction: number | null;
  /** -1 to 1, order on disk against order of values; null when never analysed. */
  readonly correlation: number | null;
  readonly from: string | null;
  readonly to: string | null;
  /** Recorded statements with a condition on it, of those on the table; null without pg_stat_statements. */
  readonly use: { readonly statements: number; readonly of: number } | null;
  /** For and against it: half-sentences. */
  readonly remarks: readonly string[];
  /** What stands in the way with this key: a unique key without it, for example. */
  readonly blockers: readonly string[];
}
