/** Lock modes as pg_locks prints them. */
export type LockMode =
  | 'AccessShareLock'
  | 'RowShareLock'
  | 'RowExclusiveLock'
  | 'ShareUpdateExclusiveLock'
  | 'ShareLock'
  | 'ShareRowExclusiveLock'
  | 'ExclusiveLock'
  | 'AccessExclusiveLock';

/** A lock on a relation that existed before the step; `relation` is printed as SQL would quote it. */
export interface Lock {
  readonly relation: string;
  readonly mode: LockMode;
}

/** One SQL statement without its semicolon. */
export interface Statement {
  readonly sql: string;
  readonly locks: readonly Lock[];
  /** Why, for `plan --sql`. */
  readonly reason: string;
}

/**
 * What runs between two points at which all locks are given back.
 * transaction: all statements in one transaction, tried under the lock ladder. alone: one statement outside a transaction block.
 * `patience` brief: metadata only, `lock_timeout` bounds it. long: scans (VALIDATE), so no statement timeout; it is cancelled on abort.
 */
export interface Batch {
  readonly kind: 'transaction' | 'alone';
  readonly statements: readonly Statement[];
  readonly patience: 'brief' | 'long';
  /** Run instead of `statements` when an attempt left a pending detach behind (FINALIZE after an interrupted DETACH CONCURRENTLY). */
  readonly whenDetachPending: Statement | null;
}

/** A step as SQL: batches in order, and every lock it takes. */
export interface RenderedStep {
  readonly batches: readonly Batch[];
  readonly locks: readonly Lock[];
  /** Statements that undo what a failed step may have left (drop the guard); run best-effort, each on its own. */
  readonly cleanup: readonly Statement[];
}
