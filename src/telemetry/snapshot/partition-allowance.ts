import { seriesPerPartition } from './partition-samples.ts';

/** How many partitions get series of their own: none, `topPerTable` of each table, or all. */
export interface PartitionLimits {
  readonly partitions: 'none' | 'top' | 'all';
  readonly topPerTable: number;
  /** All series of the process. */
  readonly maxSeries: number;
}

/** What one database would show. */
export interface Claim {
  readonly tables: number;
  readonly partitions: number;
  /** Partitions under `top`. */
  readonly wanted: number;
}

/** Whatever is configured: beyond it a scrape costs more than single partitions tell. */
const mostUnder = { top: 2_000, all: 5_000 } as const;

/**
 * Shares what a process may show of single partitions among the databases it leads, small ones first. A database grows into its share once
 * the others have shrunk to theirs, each with its next snapshot, so that the limit holds at every moment.
 */
export class PartitionAllowance {
  readonly #fellBack: (partitions: number) => void;
  readonly #claims = new Map<string, Claim>();
  readonly #shown = new Map<string, number>();
  #limits: PartitionLimits;
  #isAll = true;

  /** `fellBack` is told when `all` cannot be, once until it can be again. */
  constructor(limits: PartitionLimits, fellBack: (partitions: number) => void) {
    this.#limits = limits;
    this.#fellBack = fellBack;
  }

  get limits(): PartitionLimits {
    return this.#limits;
  }

  set limits(limits: PartitionLimits) {
    this.#limits = limits;
  }

  /** Whether all partitions are shown; then the share is of all. */
  isAll(database: string, claim: Claim): boolean {
    this.#claims.set(database, claim);
    const all = total([...this.#claims.values()].map(({ partitions }) => partitions));
    const isAll = this.#limits.partitions === 'all' && all <= mostUnder.all;
    if (this.#limits.partitions === 'all' && !isAll && this.#isAll) this.#fellBack(all);
    this.#isAll = isAll || this.#limits.partitions !== 'all';
    return isAll;
  }

  /** How many partitions `database` may show beside `otherSeries`, all series of the process that are about no single partition; -1: not even `_other`. */
  share(database: string, claim: Claim, otherSeries: number): number {
    const isAll = this.isAll(database, claim);
    const claims = [...this.#claims];
    const room = Math.floor((this.#limits.maxSeries - otherSeries) / seriesPerPartition) - total(claims.map(([, { tables }]) => tables));
    if (room < 0) return -1;
    const most = Math.min(room, isAll ? mostUnder.all : mostUnder.top);
    const shares = shareOut(
      claims.map(([, one]) => (isAll ? one.partitions : one.wanted)),
      most,
    );
    const own = shares[claims.findIndex(([name]) => name === database)] ?? 0;
    const elsewhere = total([...this.#shown].map(([name, count]) => (name === database ? 0 : count)));
    const granted = Math.max(0, Math.min(own, most - elsewhere));
    // Until it is printed both count, what is shown and what will be: another database may ask in between.
    this.#shown.set(database, Math.max(granted, this.#shown.get(database) ?? 0));
    return granted;
  }

  /** What `database` shows from now on. */
  shows(database: string, partitions: number): void {
    this.#shown.set(database, partitions);
  }

  forget(database: string): void {
    this.#claims.delete(database);
    this.#shown.delete(database);
  }
}

/** What each gets when all want `wanted` and there is `room`: the small what they want, the others an equal part. Pure. */
export function shareOut(wanted: readonly number[], room: number): readonly number[] {
  let left = room;
  let most = Number.POSITIVE_INFINITY;
  for (const [index, want] of wanted.toSorted((a, b) => a - b).entries()) {
    const part = Math.floor(left / (wanted.length - index));
    if (want > part) {
      most = part;
      break;
    }
    left -= want;
  }
  return wanted.map((want) => Math.min(want, most));
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
