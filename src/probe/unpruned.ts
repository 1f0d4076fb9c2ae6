import type { ProbedTable } from './probed-table.ts';
import type { QueryPlan } from './query-plan.ts';

/** Why partitions of a table are left in a plan. */
export const unprunedReasons = [
  /** `enable_partition_pruning` is off. */
  'pruning-off',
  /** Nothing is said of the key. */
  'no-condition',
  /** The key stands inside of a function or an expression. */
  'function-on-key',
  /** The key is cast by the statement. */
  'cast-on-key',
  /** The key is cast by PostgreSQL, as the parameter or constant it is compared with is of another type. */
  'type-differs',
  /** The key is compared with a parameter whose value the plan does not know. */
  'generic-plan',
  /** The key is compared with a column of another table. */
  'join-only',
  /** The value changes while the statement runs: a volatile function. */
  'volatile-value',
  /** It stands in a condition that leaves other rows too: OR, NOT, <>. */
  'not-restricting',
  /** The condition prunes, and what is left is what it asks for. */
  'asked-for',
] as const;

export type UnprunedKind = (typeof unprunedReasons)[number];

export interface UnprunedReason {
  readonly kind: UnprunedKind;
  /** One sentence: what is, with the condition's own text. */
  readonly message: string;
  /** One sentence: what to write instead; null for `asked-for`. */
  readonly fix: string | null;
}

export interface ExplainUnprunedOptions {
  /** Whether constants of conditions may be quoted; otherwise they are `?`, as they may be somebody's values. False by default. */
  readonly quotesValues?: boolean;
}

/**
 * Why what is left of `table` in `plan` did not prune; null when nothing is left. `sql`: the statement, which tells a cast that it
 * writes from one that PostgreSQL added.
 */
export async function explainUnpruned(
  _plan: QueryPlan,
  _table: ProbedTable,
  _sql: string,
  _options: ExplainUnprunedOptions = {},
): Promise<UnprunedReason | null> {
  return await Promise.resolve(null);
}
