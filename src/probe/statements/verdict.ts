import type { UnprunedReason } from '../unpruned/reason.ts';
import type { AuditedStatement } from './statement-audit.ts';

/** What of one table is left in the plans of one statement. */
export interface PlannedStatement {
  /** Partitions of the table. */
  readonly total: number;
  /** The plan that knows no values. `removedAtStart`: subplans that the executor took out, for which the values are NULLs. */
  readonly generic: { readonly scanned: number; readonly removedAtStart: number };
  /** Partitions left with typical values; null when that is not known. */
  readonly typical: number | null;
  /** Of a plan in which no NULLs have removed anything; null where there is none. */
  readonly reason: UnprunedReason | null;
}

/** Conditions of these kinds prune as soon as their values are known. */
const prunable: readonly UnprunedReason['kind'][] = ['generic-plan', 'asked-for'];

/**
 * Whether a statement prunes. In every plan: also the one without values has fewer than all partitions. When it runs: with values it does,
 * or could have with others than the typical ones (`at < $1` asks for all that is older), or it stops before the last partition. A table with one partition has nothing to prune.
 * Pure.
 */
export function verdictOf({ total, generic, typical, reason }: PlannedStatement): Pick<AuditedStatement, 'verdict' | 'touched'> {
  const prunesPlanned = generic.removedAtStart === 0 && generic.scanned < total;
  if (total <= 1 || prunesPlanned) return { verdict: 'prunes', touched: typical ?? generic.scanned };
  // How far it reads depends on how many rows there are.
  if (reason?.kind === 'stops-early') return { verdict: 'prunes-when-run', touched: null };
  // What NULLs remove may be leaves of partitions that stay, so it counts only where nothing better is known.
  const couldPrune = reason === null ? generic.removedAtStart > 0 : prunable.includes(reason.kind);
  if (couldPrune || (typical !== null && typical < total)) return { verdict: 'prunes-when-run', touched: typical };
  return { verdict: 'touches-all', touched: total };
}
