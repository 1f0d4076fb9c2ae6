import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { AttachIndex } from '../../plan/step.ts';
import { locksOn } from '../foreign-key-locks.ts';
import { briefTransaction, renderedStep } from '../rendered-step.ts';
import type { RenderedStep } from '../statement.ts';

/**
 * Entries in the catalog, but ACCESS EXCLUSIVE on the partition's index, which every query of the partition opens: hence under the lock ladder.
 * With the last partition's index the parent's becomes valid. Of a sub-partition it is the table right above that is locked, not the
 * topmost. Source: postgresql.org/docs/18/sql-alterindex.html (ATTACH PARTITION).
 */
export function renderAttachIndex(step: AttachIndex): RenderedStep {
  return renderedStep([
    briefTransaction([
      {
        sql: `ALTER INDEX ${formatQualifiedName(step.parentIndex)} ATTACH PARTITION ${formatQualifiedName(step.index)}`,
        locks: [
          ...locksOn([step.table, step.partition], ['AccessShareLock']),
          ...locksOn([step.parentIndex], ['ShareUpdateExclusiveLock']),
          ...locksOn([step.index], ['AccessExclusiveLock']),
        ],
        reason: step.reason,
      },
    ]),
  ]);
}
