import { type DriftRow, decodeDrift, driftSql } from '../../catalog/drift.sql.ts';
import { decodeIndexHealth, type IndexHealthRow, indexHealthSql } from '../../catalog/index-health.sql.ts';
import { newestSibling } from '../../catalog/newest-sibling.ts';
import type { PartitionedTable } from '../../partition/partition.ts';
import type { Session } from '../../postgres/session.ts';
import { type Drift, drifts } from '../table-statistics.ts';
import type { Collection } from './collection.ts';

/** So many that the round trips do not count, so few that a statement ends long before its timeout. */
const batchSize = 1_000;

/**
 * Counts unhealthy indexes and partitions that differ from their parent (index-health.sql.ts and drift.sql.ts say what that means), of all
 * `tables`. Reads catalogs alone: nobody's lock can hold it up.
 */
export async function collectIndexes(
  session: Session,
  tables: readonly PartitionedTable[],
  collection: Collection,
  signal: AbortSignal,
): Promise<void> {
  const roots: string[] = [];
  const siblings: (string | null)[] = [];
  for (const table of tables) {
    const sibling = newestSibling(table);
    for (const { oid } of table.partitions) {
      roots.push(oid);
      siblings.push(sibling);
    }
  }
  const drifted = new Map<string, DriftRow>();
  const unhealthy = await session.rows(indexHealthSql, [tables.map(({ oid }) => oid)], decodeIndexHealth, signal);
  const health = new Map(unhealthy.map((row) => [row.oid, row]));
  for (let start = 0; start < roots.length; start += batchSize) {
    const batch = roots.slice(start, start + batchSize);
    const parameters = [batch, siblings.slice(start, start + batchSize)];
    for (const row of await session.rows(driftSql, parameters, decodeDrift, signal)) drifted.set(row.oid, row);
  }
  for (const table of tables) collection.learn(table, summary(table, health, drifted));
}

function summary(
  { oid, partitions }: PartitionedTable,
  health: ReadonlyMap<string, IndexHealthRow>,
  drifted: ReadonlyMap<string, DriftRow>,
): { readonly invalidIndexes: number; readonly drift: ReadonlyMap<Drift, number> } {
  let invalidIndexes = health.get(oid)?.indexes ?? 0;
  const drift = new Map<Drift, number>();
  for (const partition of partitions) {
    const indexes = health.get(partition.oid);
    invalidIndexes += indexes?.indexes ?? 0;
    const differs: Partial<Readonly<Record<Drift, boolean>>> = { ...drifted.get(partition.oid), index: indexes?.isIncomplete ?? false };
    for (const kind of drifts) if (differs[kind] === true) drift.set(kind, (drift.get(kind) ?? 0) + 1);
  }
  return { invalidIndexes, drift };
}
