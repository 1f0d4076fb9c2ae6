import { decodeStatisticsEpoch, statisticsEpochSql } from '../../catalog/row-count.sql.ts';
import { readRowCounts } from '../../journal/row-counts.ts';
import type { PartitionedTable } from '../../partition/partition.ts';
import type { EpochMicros } from '../../partition/position.ts';
import type { Session } from '../../postgres/session.ts';
import { ClosedTables } from './closed-tables.ts';
import type { Collection } from './collection.ts';

/**
 * What `collection` has to know to tell counted tables from others; the journal is read once in its life, as nobody else writes there. Null
 * while the server counts no changes (`track_counts` off): then nothing is known to be unchanged.
 */
export async function readClosedTables(
  session: Session,
  tables: readonly PartitionedTable[],
  collection: Collection,
  options: { readonly now: EpochMicros; readonly journalSchema: string },
  signal: AbortSignal,
): Promise<ClosedTables | null> {
  const [statistics] = await session.rows(statisticsEpochSql, [], decodeStatisticsEpoch, signal);
  const epoch = statistics?.epoch ?? null;
  if (epoch === null) return null;
  const counts =
    collection.counts ?? new Map((await readRowCounts(session, options.journalSchema, signal)).map((count) => [count.oid, count]));
  collection.counts = counts;
  return new ClosedTables(tables, options.now, epoch, collection);
}
