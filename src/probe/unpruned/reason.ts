/** Why partitions of a table are left in a plan. */
export type ReasonKind =
  /** `enable_partition_pruning` is off. */
  | 'pruning-off'
  /** Nothing is said of the key. */
  | 'no-condition'
  /** The key stands inside of a function or an expression. */
  | 'function-on-key'
  /** The key is cast by the statement. */
  | 'cast-on-key'
  /** The key is cast by PostgreSQL, as the parameter or constant it is compared with is of another type. */
  | 'type-differs'
  /** The key is compared with a parameter whose value the plan does not know. */
  | 'generic-plan'
  /** The key is compared with a column of another table. */
  | 'join-only'
  /** The value changes while the statement runs: a volatile function. */
  | 'volatile-value'
  /** It stands in a condition that leaves other rows too (OR, NOT, <>), or whose value is known only when the row is read. */
  | 'not-restricting'
  /** Nothing is said of the rows at all, and LIMIT stops the reading after the first partitions. */
  | 'stops-early'
  /** The condition prunes, and what is left is what it asks for. */
  | 'asked-for';

/** Why what is left of a table did not prune. */
export interface UnprunedReason {
  readonly kind: ReasonKind;
  /** One sentence: what is, with the condition's own text. */
  readonly message: string;
  /** One sentence: what to write instead; null for `asked-for`. */
  readonly fix: string | null;
}
