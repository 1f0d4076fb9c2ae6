import type { TableState } from '../../partition/partition.ts';
import type { TablePolicy } from '../../partition/policy.ts';
import type { EpochMicros } from '../../partition/position.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Finding } from '../../plan/finding.ts';
import type { TableStatistics } from '../../reconcile/table-statistics.ts';
import { Breather } from '../exposition/breather.ts';
import { renderLabels } from '../exposition/render-sample.ts';
import type { MetricStore } from '../metric-store.ts';
import { KeyPace } from './key-pace.ts';
import { allFindings, type KnownFindings, mergeFindings, noFindings } from './merge-findings.ts';
import type { PartitionAllowance } from './partition-allowance.ts';
import { type PrintableTable, printTables } from './print-tables.ts';
import { mergeStatistics, realign, type StatisticsColumns } from './statistics-columns.ts';
import { StickyPartitions } from './sticky-partitions.ts';
import { type TableView, tableView } from './table-view.ts';

/** A table as it was read, on its way to a view. */
export interface ReadTable {
  readonly policy: TablePolicy;
  readonly state: TableState;
  /** Null: nobody has planned since. */
  readonly findings: readonly Finding[] | null;
}

/** What is remembered of one table between snapshots. */
interface KnownTable extends PrintableTable {
  readonly policy: TablePolicy;
  readonly findings: KnownFindings;
  readonly pace: KeyPace;
}

/**
 * The gauges of all tables of one led database. Each snapshot and each collection is turned into text once, in the order in which they came
 * and in small portions, so that 100,000 partitions stop nobody; scrapes only copy that text.
 */
export class TableGauges {
  readonly #database: string;
  readonly #store: MetricStore;
  readonly #allowance: PartitionAllowance;
  readonly #failed: (error: unknown) => void;
  readonly #tables = new Map<string, KnownTable>();
  /** States that are in a view already. */
  readonly #seen = new WeakSet<TableState>();
  #readAt: EpochMicros = 0n;
  /** When all tables were last read; null before. */
  #wholeAt: EpochMicros | null = null;
  #isStale = false;
  #isDropped = false;
  #work: Promise<void> = Promise.resolve();

  /** `failed` hears of what can only be a bug of ours: the gauges stay as they were then. */
  constructor(database: string, store: MetricStore, allowance: PartitionAllowance, failed: (error: unknown) => void) {
    this.#database = database;
    this.#store = store;
    this.#allowance = allowance;
    this.#failed = failed;
  }

  /** Resolves when all that came so far shows; never rejects. */
  get settled(): Promise<void> {
    return this.#work;
  }

  /**
   * A table that could not be read is absent and keeps its last view: its alerts must not fall silent. Nor may the age of all series begin
   * anew when only some tables were asked for, or none could be read.
   */
  snapshotRead(tables: readonly ReadTable[], { at, isWhole }: { readonly at: EpochMicros; readonly isWhole: boolean }): void {
    for (const { state } of tables) this.#seen.add(state);
    this.#enqueue(async (breather) => {
      this.#readAt = at;
      if (isWhole && tables.length > 0) this.#wholeAt = at;
      for (const table of tables) {
        this.#view(table);
        await breather.breathe();
      }
      await this.#publish(breather, false);
    });
  }

  /** One table was read again, after its steps; it shows with the next `publish`. */
  tableRead(table: string, state: TableState, findings: readonly Finding[] | null): void {
    if (this.#seen.has(state)) return;
    this.#seen.add(state);
    this.#enqueue(async () => {
      const known = this.#tables.get(table);
      if (known === undefined) return;
      this.#view({ policy: known.policy, state, findings });
    });
  }

  /** Shows what was read since the last time, if anything. */
  publish(): void {
    this.#enqueue(async (breather) => {
      if (this.#isStale) await this.#publish(breather, false);
    });
  }

  /** The end of a collection, also of one that could read nothing. */
  statisticsCollected(statistics: readonly TableStatistics[]): void {
    this.#enqueue(async (breather) => {
      for (const fresh of statistics) {
        const key = formatQualifiedName(fresh.table);
        const known = this.#tables.get(key);
        if (known === undefined || known.view.partitions === null) continue;
        this.#tables.set(key, { ...known, statistics: mergeStatistics(known.statistics, fresh, known.view.partitions) });
        await breather.breathe();
      }
      await this.#publish(breather, true);
    });
  }

  /** Forgets everything; what is on its way no longer shows. */
  drop(): void {
    this.#isDropped = true;
    this.#tables.clear();
    this.#allowance.forget(this.#database);
  }

  #enqueue(work: (breather: Breather) => Promise<void>): void {
    this.#work = this.#after(this.#work, work);
  }

  async #after(before: Promise<void>, work: (breather: Breather) => Promise<void>): Promise<void> {
    await before;
    try {
      if (!this.#isDropped) await work(new Breather());
    } catch (error) {
      this.#failed(error);
    }
  }

  #view({ policy, state, findings }: ReadTable): void {
    const key = formatQualifiedName(policy.table);
    const known = this.#tables.get(key);
    const { identity, sticky, pace } = known ?? this.#begin(policy);
    const before = known?.findings ?? noFindings;
    const found = findings === null ? before : mergeFindings(before, state, findings);
    const view = tableView(policy, state, allFindings(found), this.#readAt);
    const exhaustion = view.key === null ? null : pace.exhaustion(view.key);
    const statistics = known === undefined ? null : keepStatistics(known, view);
    this.#tables.set(key, { identity, sticky, pace, policy, findings: found, view, exhaustion, statistics });
    this.#isStale = true;
  }

  #begin({ table }: TablePolicy): Pick<KnownTable, 'identity' | 'sticky' | 'pace'> {
    const identity = renderLabels({ database: this.#database, schema: table.schema, table: table.name });
    return { identity, sticky: new StickyPartitions(), pace: new KeyPace() };
  }

  async #publish(breather: Breather, isCollection: boolean): Promise<void> {
    const elsewhere = this.#store.seriesBesidePartitions(this.#database);
    const printed = await printTables(this.#database, [...this.#tables.values()], this.#allowance, { isCollection, elsewhere }, breather);
    if (this.#isDropped) return this.#allowance.forget(this.#database);
    this.#isStale = false;
    this.#allowance.shows(this.#database, printed.shown);
    this.#store.print(this.#database, printed.families);
    this.#store.increase('metrics_dropped_series_total', {}, printed.dropped);
    if (this.#wholeAt === null) return;
    this.#store.set('catalog_snapshot_timestamp_seconds', { database: this.#database }, Number(this.#wholeAt) / 1e6);
  }
}

/** What was known of the partitions that are still there. */
function keepStatistics({ view: before, statistics }: KnownTable, after: TableView): StatisticsColumns | null {
  if (statistics === null || before.partitions === null || after.partitions === null) return null;
  return realign(statistics, before.partitions, after.partitions);
}
