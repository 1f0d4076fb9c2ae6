import type { UnprunedReason } from '../unpruned.ts';
import type { AuditedStatement } from './audit-statements.ts';

/** What of one table is left in the plans of one statement. */
export interface PlannedStatement {
  /** Partitions of the table. */
  readonly total: number;
  /** The plan that knows no values. `removedAtStart`: by what is known when the executor starts. */
  readonly generic: { readonly scanned: number; readonly removedAtStart: number };
  /** Partitions left with typical values; null when that is not known. */
  readonly typical: number | null;
  /** Of the plan that knows no values. */
  readonly reason: UnprunedReason | null;
}

/** Conditions of these kinds prune as soon as their values are known. */
const prunable: readonly UnprunedReason['kind'][] = ['generic-plan', 'asked-for'];

/**
 * Whether a statement prunes. In every plan: also the one without values has fewer than all partitions. When it runs: with values it does,
 * or could have with others than the typical ones (`at < $1` asks for all that is older). A table with one partition has nothing to prune.
 * Pure.
 */
export function verdictOf({ total, generic, typical, reason }: PlannedStatement): Pick<AuditedStatement, 'verdict' | 'touched'> {
  // What the start of the executor removes was in the plan, which counts it in leaves.
  const planned = Math.min(total, generic.scanned + generic.removedAtStart);
  if (total <= 1 || planned < total) return { verdict: 'prunes', touched: typical ?? planned };
  const couldPrune = generic.removedAtStart > 0 || (reason !== null && prunable.includes(reason.kind));
  if (couldPrune || (typical !== null && typical < total)) return { verdict: 'prunes-when-run', touched: typical };
  return { verdict: 'touches-all', touched: total };
}
