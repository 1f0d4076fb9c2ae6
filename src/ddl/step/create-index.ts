import type { CreateIndex } from '../../plan/step.ts';
import { createIndexSql } from '../create-index.ts';
import { locksOn } from '../foreign-key-locks.ts';
import { briefTransaction, longCommand, renderedStep } from '../rendered-step.ts';
import type { RenderedStep } from '../statement.ts';

/**
 * ON ONLY a partitioned table is an entry in the catalog, though under SHARE, which stops writers: hence under the lock ladder. Concurrently
 * it lets readers and writers go on, scans twice, and waits for every transaction that might not know the index. CREATE INDEX CONCURRENTLY
 * of a partitioned table does not exist. Source: postgresql.org/docs/18/sql-createindex.html (Building Indexes Concurrently).
 */
export function renderCreateIndex(step: CreateIndex): RenderedStep {
  const sql = createIndexSql(step.how, step.partition, step);
  if (step.how === 'only') {
    return renderedStep([briefTransaction([{ sql, locks: locksOn([step.partition], ['ShareLock']), reason: step.reason }])]);
  }
  return renderedStep([longCommand({ sql, locks: locksOn([step.partition], ['ShareUpdateExclusiveLock']), reason: step.reason })]);
}
