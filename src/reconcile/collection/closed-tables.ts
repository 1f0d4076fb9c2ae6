import type { PartitionActivityRow } from '../../catalog/partition-activity.sql.ts';
import type { RowCount } from '../../journal/row-counts.ts';
import { type Partition, type PartitionedTable } from '../../partition/partition.ts';
import type { EpochMicros } from '../../partition/position.ts';
import type { Collection, Uncounted } from './collection.ts';

/**
 * Which tables need no second count. Closed is a range whose upper bound the clock has passed (integer keys: the newest key), with all
 * tables below it. Its count holds while the evidence is the same: file node, rows inserted, updated and deleted so far, and the `epoch` in
 * which these are counted. One without a count is worth it when its evidence is the same in two looks: what still changes would be counted
 * in vain. A session tells its counters only when it has fallen idle (within ten seconds; before PostgreSQL 15 with its next statement), so
 * a count may miss what was written just after it; it is made again when that is told.
 */
export class ClosedTables {
  readonly #roots: ReadonlySet<string>;
  readonly #epoch: string;
  readonly #collection: Collection;
  readonly #counts: ReadonlyMap<string, RowCount>;
  readonly #changing = new Map<string, string>();
  readonly #uncounted: Uncounted[] = [];
  readonly #seen = new Set<string>();

  /** `epoch`: see `statisticsEpochSql`. `now` in microseconds since 1970. */
  constructor(tables: readonly PartitionedTable[], now: EpochMicros, epoch: string, collection: Collection) {
    this.#roots = new Set(tables.flatMap((table) => closedPartitions(table, now)));
    this.#epoch = epoch;
    this.#collection = collection;
    this.#counts = collection.counts ?? new Map();
  }

  /** Rows of one table as counted; null: not closed, not counted, or changed since. */
  rowsOf({ root, oid, evidence: counters }: Pick<PartitionActivityRow, 'root' | 'oid' | 'evidence'>): number | null {
    if (counters === null || !this.#roots.has(root)) return null;
    this.#seen.add(oid);
    const evidence = `${counters} / ${this.#epoch}`;
    const counted = this.#counts.get(oid);
    if (counted?.evidence === evidence) return counted.rows;
    if (this.#collection.uncountable.get(oid)?.evidence === evidence) return null;
    this.#changing.set(oid, evidence);
    if (this.#collection.changing.get(oid) === evidence) this.#uncounted.push({ oid, evidence });
    return null;
  }

  /** To be called when all tables were asked for. */
  noteUncounted(): void {
    this.#collection.changing = this.#changing;
    this.#collection.uncounted = this.#uncounted;
    this.#collection.closed = this.#seen;
  }
}

function closedPartitions({ partitions, codec, newest }: PartitionedTable, now: EpochMicros): readonly string[] {
  const present = codec.axis === 'time' ? codec.positionOf(now) : newest.position;
  if (present === null) return [];
  const isClosed = ({ bound, kind, isDetachPending }: Partition): boolean =>
    bound.kind === 'range' && bound.to <= present && kind !== 'foreign' && !isDetachPending;
  return partitions.filter(isClosed).map(({ oid }) => oid);
}
