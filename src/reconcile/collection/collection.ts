import type { RowCount } from '../../journal/row-counts.ts';
import type { PartitionedTable } from '../../partition/partition.ts';
import type { PartitionStatistics, TableStatistics } from '../table-statistics.ts';
import { CollectorPace } from './collector-pace.ts';

/** A closed table that nobody has changed since it was last looked at, and what that is known by. */
export interface Uncounted {
  readonly oid: string;
  readonly evidence: string;
}

/** A table that cannot be counted while its evidence is the same. */
export interface Uncountable {
  readonly evidence: string;
  /** `monotonicMs` from which it may be tried all the same; infinite where trying again cannot help. */
  readonly retryAtMs: number;
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
  /** By oid, those that could not be counted. */
  readonly uncountable: Map<string, Uncountable> = new Map<string, Uncountable>();
  /** Closed tables that the last look has seen. */
  closed: ReadonlySet<string> = new Set();
  /** Oids of the partitions whose sizes were measured, by oid of the table. */
  readonly measured: Map<string, ReadonlySet<string>> = new Map<string, ReadonlySet<string>>();
  /** Of the collectors that are not to run each time. */
  readonly paces: { readonly sizes: CollectorPace; readonly indexes: CollectorPace } = {
    sizes: new CollectorPace(),
    indexes: new CollectorPace(),
  };

  /** What is known of `table`, which may be nothing. */
  of(table: Pick<PartitionedTable, 'oid' | 'name'>): TableStatistics {
    const known = this.#tables.get(table.oid);
    return { ...(known ?? nothing), table: table.name };
  }

  learn(table: Pick<PartitionedTable, 'oid' | 'name'>, news: Partial<TableStatistics>): void {
    this.#tables.set(table.oid, { ...this.of(table), ...news });
  }

  /** Whether some partition of `table` was never measured. */
  hasUnmeasured(table: Pick<PartitionedTable, 'oid' | 'name'>): boolean {
    const measured = this.measured.get(table.oid);
    for (const oid of this.of(table).partitions.keys()) if (measured?.has(oid) !== true) return true;
    return false;
  }

  /** Forgets what is gone; `tables` are all there are, and the last look has seen all below them. */
  keepOnly(tables: readonly Pick<PartitionedTable, 'oid'>[]): void {
    const kept = new Set(tables.map(({ oid }) => oid));
    prune(this.#tables, kept);
    prune(this.measured, kept);
    for (const memory of [this.counts, this.unsaved, this.uncountable]) prune(memory, this.closed);
    if (this.partial !== null && !this.closed.has(this.partial.oid)) this.partial = null;
  }
}

function prune(memory: Map<string, unknown> | null, kept: ReadonlySet<string>): void {
  for (const oid of memory?.keys() ?? []) if (!kept.has(oid)) memory?.delete(oid);
}

const nothing = {
  partitions: new Map<string, PartitionStatistics>(),
  parentAnalyzedAt: null,
  invalidIndexes: null,
  drift: null,
} satisfies Omit<TableStatistics, 'table'>;
