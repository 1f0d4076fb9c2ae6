import { decodeParentActivity, parentActivitySql } from '../../catalog/parent-activity.sql.ts';
import { decodePartitionActivity, type PartitionActivityRow, partitionActivitySql } from '../../catalog/partition-activity.sql.ts';
import type { PartitionedTable } from '../../partition/partition.ts';
import type { Session } from '../../postgres/session.ts';
import type { PartitionStatistics } from '../table-statistics.ts';
import { ClosedTables } from './closed-tables.ts';
import type { Collection } from './collection.ts';

/** BLCKSZ as practically every build has it; a size that was not measured is an estimate anyway. */
const blockBytes = 8192;

type Draft = { -readonly [Key in keyof PartitionStatistics]: PartitionStatistics[Key] };

/**
 * Rows, dead rows, ages and times of vacuum and analyze of all partitions of `tables`, in two queries that lock nothing and decode as they
 * stream. Sizes stay what they were; of a partition that is new to `collection` they are what pg_class has of them. With `closed`, rows of
 * closed tables are those counted where nothing has changed since, and the others are noted for counting.
 */
export async function collectStatistics(
  session: Session,
  tables: readonly PartitionedTable[],
  collection: Collection,
  closed: ClosedTables | null,
  signal: AbortSignal,
): Promise<void> {
  const oids = tables.map(({ oid }) => oid);
  const drafts = new Map(oids.map((oid) => [oid, new Map<string, Draft>()]));
  const add = (row: PartitionActivityRow): void => {
    const partitions = drafts.get(row.parent);
    const rows = closed?.rowsOf(row) ?? row.rows;
    const draft = partitions?.get(row.root);
    if (draft === undefined) partitions?.set(row.root, begin(row, rows));
    else merge(draft, row, rows);
  };
  await session.rows(partitionActivitySql, [oids, closed !== null], (values, name) => add(decodePartitionActivity(values, name)), signal);
  const parents = await session.rows(parentActivitySql, [oids], decodeParentActivity, signal);
  const analyzedAt = new Map(parents.map((parent) => [parent.oid, parent.analyzedAt]));
  for (const table of tables) {
    const before = collection.of(table).partitions;
    const partitions = drafts.get(table.oid) ?? new Map<string, Draft>();
    for (const [oid, draft] of partitions) finish(draft, before.get(oid));
    collection.learn(table, { partitions, parentAnalyzedAt: analyzedAt.get(table.oid) ?? 0 });
  }
  closed?.noteUncounted();
}

function begin(row: PartitionActivityRow, rows: number): Draft {
  return {
    heapBytes: row.pages * blockBytes,
    indexBytes: 0,
    toastBytes: row.toastPages * blockBytes,
    rows,
    deadRows: row.deadRows,
    xidAge: row.xidAge,
    mxidAge: row.mxidAge,
    vacuumedAt: row.vacuumedAt ?? Number.POSITIVE_INFINITY,
    analyzedAt: row.analyzedAt ?? Number.POSITIVE_INFINITY,
  };
}

/** One more relation of a partition that is partitioned itself. */
function merge(draft: Draft, row: PartitionActivityRow, rows: number): void {
  draft.heapBytes += row.pages * blockBytes;
  draft.toastBytes += row.toastPages * blockBytes;
  draft.rows = draft.rows < 0 || rows < 0 ? Math.max(draft.rows, rows) : draft.rows + rows;
  draft.deadRows += row.deadRows;
  draft.xidAge = Math.max(draft.xidAge, row.xidAge);
  draft.mxidAge = Math.max(draft.mxidAge, row.mxidAge);
  draft.vacuumedAt = Math.min(draft.vacuumedAt, row.vacuumedAt ?? Number.POSITIVE_INFINITY);
  draft.analyzedAt = Math.min(draft.analyzedAt, row.analyzedAt ?? Number.POSITIVE_INFINITY);
}

/** Still infinite: nothing below it can be vacuumed or analysed. */
function finish(draft: Draft, before: PartitionStatistics | undefined): void {
  if (draft.vacuumedAt === Number.POSITIVE_INFINITY) draft.vacuumedAt = Number.NaN;
  if (draft.analyzedAt === Number.POSITIVE_INFINITY) draft.analyzedAt = Number.NaN;
  if (before === undefined) return;
  draft.heapBytes = before.heapBytes;
  draft.indexBytes = before.indexBytes;
  draft.toastBytes = before.toastBytes;
}
