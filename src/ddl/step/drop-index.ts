import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { DropIndex } from '../../plan/step.ts';
import { locksOn } from '../foreign-key-locks.ts';
import { briefTransaction, longCommand, renderedStep } from '../rendered-step.ts';
import type { RenderedStep } from '../statement.ts';

/**
 * Concurrently it waits, stopping nobody, for every transaction that might use the index. That does not exist for an index of a partitioned
 * table, which goes with those of all partitions, under ACCESS EXCLUSIVE on each, one after the other; the step does not know them, so that the
 * reason says it. Never CASCADE: a constraint that stands on
 * the index is somebody's, and DROP says so. Source: postgresql.org/docs/18/sql-dropindex.html.
 */
export function renderDropIndex(step: DropIndex): RenderedStep {
  const index = formatQualifiedName(step.index);
  if (step.concurrently) {
    const locks = [
      ...locksOn([step.partition], ['ShareUpdateExclusiveLock']),
      ...locksOn([step.index], ['ShareUpdateExclusiveLock', 'AccessExclusiveLock']),
    ];
    return renderedStep([longCommand({ sql: `DROP INDEX CONCURRENTLY ${index}`, locks, reason: step.reason })]);
  }
  const locks = [...locksOn([step.partition], ['AccessExclusiveLock']), ...locksOn([step.index], ['AccessExclusiveLock'])];
  const reason = `${step.reason}; takes ACCESS EXCLUSIVE on every partition, too`;
  return renderedStep([briefTransaction([{ sql: `DROP INDEX ${index}`, locks, reason }])]);
}
