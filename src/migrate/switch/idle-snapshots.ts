import { decodeSnapshotHolder, idleSnapshotsSql } from '../../catalog/migration/old-snapshots.sql.ts';
import type { Engine } from '../engine.ts';
import { describeHolders, GivenUp } from './outcome.ts';

/** Under the locks: who idles in a transaction with a snapshot might miss rows that came to the new side after it, unless the policy accepts that. */
export async function assertNoIdleSnapshot({ session, policy }: Engine, signal: AbortSignal): Promise<void> {
  if (policy.migration.switchover.oldSnapshots === 'ignore') return;
  const holders = await session.rows(idleSnapshotsSql, [], decodeSnapshotHolder, signal);
  if (holders.length === 0) return;
  throw new GivenUp(
    'snapshot',
    `idle in a transaction with a snapshot that may not see all rows of the new table: ${describeHolders(holders)}`,
  );
}
