import type { DatabaseStatus, PartitionStatus } from '../../reconcile/status.ts';
import type { PartitionQuery } from './partition-query.ts';

/** One partition, table and database beside it: flat, so that a script needs no loops. */
export interface ListedPartition extends PartitionStatus {
  readonly database: string;
  readonly table: string;
}

/** One page of the partitions that were asked for. */
export interface PartitionList {
  /** On all pages together. */
  readonly total: number;
  readonly offset: number;
  readonly limit: number;
  /** `offset` of the next page; null on the last one. */
  readonly nextOffset: number | null;
  /** In the order of the configuration, within a table in the order of bounds. */
  readonly partitions: readonly ListedPartition[];
  /** What could not be read, so that a short list is not taken for the truth. */
  readonly errors: readonly { readonly database: string; readonly table: string | null; readonly error: string }[];
}

/** The page of `query`. A set that changes between two pages may show a partition twice or not at all. */
export function listPartitions(databases: readonly DatabaseStatus[], query: PartitionQuery): PartitionList {
  const { limit, offset } = query;
  const chosen = databases
    .filter(({ database }) => query.database === null || database === query.database)
    .map((status) => ({ ...status, tables: status.tables.filter(({ table }) => query.table === null || table === query.table) }));
  const all = chosen.flatMap(({ database, tables }) =>
    tables.flatMap(({ table, partitions }) =>
      partitions
        .filter(({ state }) => query.state === null || state === query.state)
        .map((partition): ListedPartition => ({ database, table, ...partition })),
    ),
  );
  const end = offset + limit;
  return {
    total: all.length,
    offset,
    limit,
    nextOffset: end < all.length ? end : null,
    partitions: all.slice(offset, end),
    errors: chosen.flatMap(({ database, error, tables }) => [
      ...(error === null ? [] : [{ database, table: null, error }]),
      ...tables.flatMap((entry) => (entry.error === null ? [] : [{ database, table: entry.table, error: entry.error }])),
    ]),
  };
}
