import type { QualifiedName } from '../../../partition/qualified-name.ts';

/** What partitioning an ordinary table would take. */
export interface OrdinaryAdvice {
  readonly table: QualifiedName;
  /** Null: never analysed. */
  readonly estimatedRows: number | null;
  /** With its indexes and TOAST. */
  readonly bytes: number;
  /** Columns that could be the key, the best first. */
  readonly candidates: readonly KeyCandidate[];
  /** What stands in the way whatever the key is, or must be made again: sentences, each with what to do. */
  readonly blockers: readonly string[];
  /** Null without a candidate. */
  readonly proposal: OrdinaryProposal | null;
}

export interface OrdinaryProposal {
  readonly column: string;
  /** As the policy writes it: `1 month`. */
  readonly interval: string;
  /** Over the range of the column; null when that is not known. */
  readonly partitions: number | null;
  /** A list entry for `tables:`; every line fit for a terminal. */
  readonly yaml: string;
  /** CREATE TABLE ... PARTITION BY of the parent, runnable; every line fit for a terminal. */
  readonly ddl: string;
}

export interface KeyCandidate {
  readonly column: string;
  readonly type: string;
  /** 0 to 1; null when never analysed. */
  readonly nullFraction: number | null;
  /** -1 to 1, order on disk against order of values; null when never analysed. */
  readonly correlation: number | null;
  /** Least and greatest finite value by the statistics. */
  readonly from: string | null;
  readonly to: string | null;
  /** Recorded statements with a condition on it, of those that read the table; null without pg_stat_statements. */
  readonly use: { readonly statements: number; readonly of: number } | null;
  /** For and against it: half-sentences. */
  readonly remarks: readonly string[];
  /** What stands in the way with this key: a unique key without it, for example. */
  readonly blockers: readonly string[];
}
