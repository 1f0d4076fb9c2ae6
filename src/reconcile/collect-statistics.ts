import { decodePartitionStatistics, type PartitionStatisticsRow, partitionStatisticsSql } from '../catalog/partition-statistics.sql.ts';
import type { PartitionedTable } from '../partition/partition.ts';
import type { Session } from '../postgres/session.ts';
import { isLockFailure } from '../postgres/sqlstate.ts';
import type { RunReport } from './event.ts';
import type { PartitionStatistics, TableStatistics } from './table-statistics.ts';

/** So many that the round trips do not count, so few that one lock in the way costs little. */
const batchSize = 500;

/**
 * Sizes and dead rows of all partitions in `report`, one entry for each table that could be read. A partition that is locked away, or came
 * after the report, is absent. Takes no lock for longer than a size function does; a batch that meets a lock nevertheless is left out.
 */
export async function collectStatistics(session: Session, report: RunReport, signal: AbortSignal): Promise<readonly TableStatistics[]> {
  const tables = report.tables.flatMap(({ state }) => (state?.kind === 'partitioned' ? [state.table] : []));
  const oids = tables.flatMap(measurable);
  const known = new Map<string, PartitionStatistics>();
  for (let start = 0; start < oids.length; start += batchSize) {
    for (const { oid, ...statistics } of await readBatch(session, oids.slice(start, start + batchSize), signal))
      known.set(oid, { ...statistics, rows: -1, xidAge: 0, mxidAge: 0, vacuumedAt: 0, analyzedAt: 0 });
  }
  return tables.map((table) => ({
    table: table.name,
    partitions: pick(measurable(table), known),
    parentAnalyzedAt: 0,
    invalidIndexes: 0,
    drift: new Map(),
  }));
}

/** Foreign tables have no size here. */
function measurable(table: PartitionedTable): readonly string[] {
  return table.partitions.filter((partition) => partition.kind !== 'foreign').map((partition) => partition.oid);
}

async function readBatch(session: Session, oids: readonly string[], signal: AbortSignal): Promise<readonly PartitionStatisticsRow[]> {
  try {
    return await session.rows(partitionStatisticsSql, [oids], decodePartitionStatistics, signal);
  } catch (error) {
    if (isLockFailure(error)) return [];
    throw error;
  }
}

function pick(oids: readonly string[], known: ReadonlyMap<string, PartitionStatistics>): ReadonlyMap<string, PartitionStatistics> {
  return new Map(
    oids.flatMap((oid): readonly [string, PartitionStatistics][] => {
      const statistics = known.get(oid);
      return statistics === undefined ? [] : [[oid, statistics]];
    }),
  );
}
