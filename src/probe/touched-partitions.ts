import type { QualifiedName } from '../partition/qualified-name.ts';
import type { ProbedTable } from './probed-table.ts';
import type { QueryPlan } from './query-plan.ts';

/** What is left of one table in one plan. */
export interface TouchedPartitions {
  /** Direct partitions that the plan may still read, each once however often it does, in the table's order. */
  readonly scanned: readonly QualifiedName[];
  readonly pruned: readonly QualifiedName[];
  /** Of the pruned ones: in the plan, but never executed (ANALYZE). */
  readonly neverExecuted: readonly QualifiedName[];
  /** Sum of `Subplans Removed` of the Appends: taken out when the executor started. */
  readonly removedAtStart: number;
  readonly scannedLeaves: number;
  readonly totalLeaves: number;
  /** Whether the plan has anything to do with the table at all; false too when everything of it was pruned. */
  readonly isMentioned: boolean;
}

/** Pure, throws nothing. */
export function touchedPartitions(_plan: QueryPlan, _table: ProbedTable): TouchedPartitions {
  throw new Error('not yet');
}
