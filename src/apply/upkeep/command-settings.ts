import type { UpkeepStep } from '../../plan/step.ts';
import type { LockBudget } from '../lock-budget.ts';
import type { CommandSettings } from './upkeep-worker.ts';

/**
 * No statement timeout: these commands take as long as they take. VACUUM and ANALYZE skip a locked relation, but wait for its indexes and for
 * rows of locked partitions, hence the lock timeout. A concurrent build has none: it would also end the waits for old transactions, and leave an
 * invalid index behind. Source: postgresql.org/docs/18/sql-vacuum.html (SKIP_LOCKED).
 */
export function commandSettings(step: UpkeepStep, budget: LockBudget): CommandSettings {
  const { costDelayMs, costLimit } = step.limits;
  const skipsLocked = step.kind === 'vacuum' || step.kind === 'analyze';
  return {
    statement_timeout: '0',
    lock_timeout: skipsLocked ? `${budget.attemptMs}ms` : '0',
    vacuum_cost_delay: skipsLocked && costDelayMs !== null ? `${costDelayMs}ms` : null,
    vacuum_cost_limit: skipsLocked && costLimit !== null ? String(costLimit) : null,
  };
}
