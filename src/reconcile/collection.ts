import type { RowCount } from '../journal/row-counts.ts';
import type { PartitionedTable } from '../partition/partition.ts';
import type { PartitionStatistics, TableStatistics } from './table-statistics.ts';

/** A closed table that nobody has changed since it was last looked at, and what that is known by. */
export interface Uncounted {
  readonly oid: string;
  readonly evidence: string;
}

/** A count that ran out of time: the blocks before `from` hold `rows`. */
export interface PartialCount extends Uncounted {
  readonly from: number;
  readonly rows: number;
}

/**
 * What the collections of one term of leadership remember from one to the next. Each collector replaces what it has read and leaves the
 * rest as it was, so that a value which cannot be read now stays the last one.
 */
export class Collection {
  readonly #tables = new Map<string, TableStatistics>();
  /** Counts by oid; null until the journal was read. */
  counts: Map<string, RowCount> | null = null;
  /** Counted, but not yet in the journal. */
  readonly unsaved: Map<string, RowCount> = new Map<string, RowCount>();
  /** Closed tables without a count, by oid, with the evidence of the last look. */
  changing: ReadonlyMap<string, string> = new Map();
  /** Those that may be counted now, in the order in which the catalog named them. */
  uncounted: readonly Uncounted[] = [];
  partial: PartialCount | null = null;
  /** By oid, those that could not be counted with that evidence, and would not be if tried again. */
  readonly uncountable: Map<string, string> = new Map<string, string>();
  /** `monotonicMs` before which sizes and indexes need not be looked at again. */
  thoroughDueMs: number = Number.NEGATIVE_INFINITY;

  /** What is known of `table`, which may be nothing. */
  of(table: Pick<PartitionedTable, 'oid' | 'name'>): TableStatistics {
    const known = this.#tables.get(table.oid);
    return { ...(known ?? nothing), table: table.name };
  }

  learn(table: Pick<PartitionedTable, 'oid' | 'name'>, news: Partial<TableStatistics>): void {
    this.#tables.set(table.oid, { ...this.of(table), ...news });
  }
}

const nothing = {
  partitions: new Map<string, PartitionStatistics>(),
  parentAnalyzedAt: null,
  invalidIndexes: null,
  drift: null,
} satisfies Omit<TableStatistics, 'table'>;
