import type { UpkeepStep } from '../../plan/step.ts';
import type { LockBudget } from '../lock-budget.ts';
import type { CommandSettings } from './upkeep-worker.ts';

/**
 * No statement timeout: these commands take as long as they take. VACUUM and ANALYZE skip a locked relation, but wait for its indexes, for rows
 * of locked partitions, and, where each VACUUM ends with the freeze age of the database, for one another; hence a lock timeout, of the whole lock
 * budget and not of one attempt, for whoever needs them gone is seen to by the conductor. (With 100 ms, a VACUUM of 500 on a busy machine
 * failed at its end.) A concurrent build has none: it would also end the waits for old transactions, and leave an invalid index behind.
 * Source: postgresql.org/docs/18/sql-vacuum.html (SKIP_LOCKED), src/backend/commands/vacuum.c (vac_update_datfrozenxid).
 */
export function commandSettings(step: UpkeepStep, budget: LockBudget): CommandSettings {
  const { costDelayMs, costLimit } = step.limits;
  const skipsLocked = step.kind === 'vacuum' || step.kind === 'analyze';
  return {
    statement_timeout: '0',
    lock_timeout: skipsLocked ? `${Math.max(1, Math.round(budget.totalMs))}ms` : '0',
    vacuum_cost_delay: skipsLocked && costDelayMs !== null ? `${costDelayMs}ms` : null,
    vacuum_cost_limit: skipsLocked && costLimit !== null ? String(costLimit) : null,
  };
}
