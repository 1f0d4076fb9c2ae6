import type { QualifiedName } from '../partition/qualified-name.ts';

/** One node of an EXPLAIN, cut down to what pruning can be seen by. */
export interface PlanNode {
  /** `Node Type`, for example `Append`, `Index Scan`. */
  readonly kind: string;
  /** The table that it reads or changes; null for other nodes. */
  readonly relation: QualifiedName | null;
  readonly alias: string | null;
  /** Texts of `Filter`, `Index Cond`, `Recheck Cond`, `Hash Cond`, `Join Filter` and the like, as PostgreSQL deparses them. */
  readonly conditions: readonly PlanCondition[];
  /** `Subplans Removed` of an Append or MergeAppend: pruned when the executor started. */
  readonly subplansRemoved: number;
  /** `Actual Loops`, 0 when it was never executed; null without ANALYZE. */
  readonly loops: number | null;
  readonly children: readonly PlanNode[];
}

export interface PlanCondition {
  /** The key of EXPLAIN's JSON, for example `Index Cond`. */
  readonly kind: string;
  readonly text: string;
}

export interface QueryPlan {
  readonly root: PlanNode;
  /** Planner settings that differ from the default (EXPLAIN's SETTINGS), for example { enable_partition_pruning: 'off' }. */
  readonly settings: Readonly<Record<string, string>>;
  /** Null without SUMMARY or ANALYZE. */
  readonly planningMs: number | null;
  readonly executionMs: number | null;
  /** Blocks, the whole statement; null without BUFFERS. */
  readonly buffers: { readonly hit: number; readonly read: number } | null;
}

/** Reads the text that EXPLAIN (FORMAT JSON, VERBOSE) answers. Throws `InvariantError` when it is none. */
export function readQueryPlan(_text: string): QueryPlan {
  throw new Error('not yet');
}
