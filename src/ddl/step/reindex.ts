import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Reindex } from '../../plan/step.ts';
import { locksOn } from '../foreign-key-locks.ts';
import { longCommand, renderedStep } from '../rendered-step.ts';
import type { RenderedStep } from '../statement.ts';

/**
 * Builds a second index beside the old one and swaps them; readers and writers go on. Interrupted, it leaves an invalid `_ccnew` or `_ccold`.
 * Source: postgresql.org/docs/18/sql-reindex.html (Rebuilding Indexes Concurrently).
 */
export function renderReindex(step: Reindex): RenderedStep {
  return renderedStep([
    longCommand({
      sql: `REINDEX INDEX CONCURRENTLY ${formatQualifiedName(step.index)}`,
      locks: [...locksOn([step.partition], ['ShareUpdateExclusiveLock']), ...locksOn([step.index], ['ShareUpdateExclusiveLock'])],
      reason: step.reason,
    }),
  ]);
}
