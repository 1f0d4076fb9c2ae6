import type { QualifiedName } from '../partition/qualified-name.ts';
import type { Session } from '../postgres/session.ts';
import { isLockFailure } from '../postgres/sqlstate.ts';
import { decodeOrdinaryColumn, type OrdinaryColumnRow, ordinaryColumnsSql } from './ordinary-columns.sql.ts';
import { decodeOrdinaryObstacles, type OrdinaryObstaclesRow, ordinaryObstaclesSql } from './ordinary-obstacles.sql.ts';
import { decodeOrdinaryTable, type OrdinaryTableRow, ordinaryTablesSql } from './ordinary-tables.sql.ts';
import { decodePartitionSizes, partitionSizesSql } from './partition-sizes.sql.ts';

/** An ordinary table with all that is read of it. */
export interface OrdinaryTableFacts {
  readonly table: OrdinaryTableRow;
  /** With indexes and TOAST; by the statistics where it could not be measured. */
  readonly bytes: number;
  readonly columns: readonly OrdinaryColumnRow[];
  readonly obstacles: OrdinaryObstaclesRow;
}

/** Which ordinary tables are wanted. */
export interface OrdinaryTablesWanted {
  /** Null: the large ones. */
  readonly names: readonly QualifiedName[] | null;
  readonly journalSchema: string;
}

/** Without a name. Tables that are smaller than both gain nothing that anybody would notice. */
const large = { bytes: 1024 ** 3, rows: 10_000_000, most: 10 };
const attempts = 3;

/** The wanted ordinary tables, the largest first; names that no ordinary table has are left out. Locks none, but for measuring those without locks. */
export async function readOrdinaryTables(
  session: Session,
  { names, journalSchema }: OrdinaryTablesWanted,
  signal: AbortSignal,
): Promise<readonly OrdinaryTableFacts[]> {
  const find = async (isMeasured: boolean): Promise<readonly OrdinaryTableRow[]> => {
    const [schemas, wanted] = [names?.map(({ schema }) => schema) ?? null, names?.map(({ name }) => name) ?? null];
    const most = names === null ? large.most : names.length;
    return await session.rows(
      ordinaryTablesSql,
      [journalSchema, schemas, wanted, large.bytes, large.rows, most, isMeasured],
      decodeOrdinaryTable,
      signal,
    );
  };
  const tables = (await unlessLocked(() => find(true))) ?? (await find(false));
  if (tables.length === 0) return [];
  const oids = tables.map(({ oid }) => oid);
  const sizes = (await unlessLocked(() => session.rows(partitionSizesSql, [oids], decodePartitionSizes, signal))) ?? [];
  const columns = await session.rows(ordinaryColumnsSql, [oids], decodeOrdinaryColumn, signal);
  const obstacles = await session.rows(ordinaryObstaclesSql, [oids], decodeOrdinaryObstacles, signal);
  return tables
    .flatMap((table): readonly OrdinaryTableFacts[] => {
      const found = obstacles.find((entry) => entry.table === table.oid);
      if (found === undefined) return [];
      const size = sizes.find((entry) => entry.oid === table.oid);
      const bytes = size === undefined ? table.estimatedBytes : size.heapBytes + size.indexBytes + size.toastBytes;
      return [{ table, bytes, columns: columns.filter((column) => column.table === table.oid), obstacles: found }];
    })
    .toSorted((a, b) => b.bytes - a.bytes);
}

/** A lock can be taken between the look at pg_locks and the measuring: then `lock_timeout` ends the query and it looks again. Null: each time. */
async function unlessLocked<T>(read: () => Promise<T>): Promise<T | null> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (!isLockFailure(error)) throw error;
    }
  }
  return null;
}
