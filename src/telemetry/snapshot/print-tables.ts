import type { Breather } from '../exposition/breather.ts';
import { FamilyPrinter, type PrintedFamilies } from '../exposition/printed-families.ts';
import { renderLabels, renderSample } from '../exposition/render-sample.ts';
import { metricPrefix } from '../metric-catalogue.ts';
import type { GaugeSample } from './gauge-sample.ts';
import { measure, measuredSamples } from './measured-samples.ts';
import { type Claim, type PartitionAllowance, shareOut } from './partition-allowance.ts';
import type { PartitionColumns } from './partition-columns.ts';
import { partitionSamples, seriesPerPartition } from './partition-samples.ts';
import type { StatisticsColumns } from './statistics-columns.ts';
import { mostShown, type StickyPartitions } from './sticky-partitions.ts';
import type { TableView } from './table-view.ts';

/** What is printed of one table. */
export interface PrintableTable {
  /** `database="app",schema="public",table="t"` */
  readonly identity: string;
  readonly view: TableView;
  /** When an integer key reaches the end of what is covered; null when unknown. */
  readonly exhaustion: number | null;
  readonly statistics: StatisticsColumns | null;
  readonly sticky: StickyPartitions;
}

export interface PrintedTables {
  readonly families: PrintedFamilies;
  /** Partitions with series of their own. */
  readonly shown: number;
  /** Series that the limits kept out. */
  readonly dropped: number;
}

/** Why and beside what tables are printed. */
export interface Printing {
  /** After a collection of statistics; else something changed in between. */
  readonly isCollection: boolean;
  /** Other series in the process. */
  readonly elsewhere: number;
}

/** All gauges of the tables of one database as text: first what is about tables, then as many partitions as `allowance` leaves room for. */
export async function printTables(
  database: string,
  tables: readonly PrintableTable[],
  allowance: PartitionAllowance,
  { isCollection, elsewhere }: Printing,
  breather: Breather,
): Promise<PrintedTables> {
  const printer = new FamilyPrinter();
  for (const table of tables) {
    const { view, statistics, exhaustion } = table;
    print(printer, table, view.samples);
    if (view.partitions !== null) print(printer, table, measuredSamples(view, statistics, measure(view.partitions, statistics)));
    if (exhaustion !== null)
      print(printer, table, [{ name: 'table_forecast_exhaustion_timestamp_seconds', labels: {}, value: exhaustion }]);
    await breather.breathe();
  }
  // The two families that tell how many partitions are shown come on top.
  const shares = sharesOf(database, tables, allowance, elsewhere + printer.series + 2 * tables.length);
  let shown = 0;
  let dropped = 0;
  for (const [index, table] of tables.entries()) {
    const share = shares[index];
    if (share === undefined || table.view.partitions === null) continue;
    const count = printPartitions(printer, table, table.view.partitions, share, isCollection);
    shown += count;
    dropped += seriesPerPartition * Math.max(0, share.wished - count + (share.room < 0 ? 1 : 0));
    await breather.breathe();
  }
  return { families: printer.finish(), shown, dropped };
}

/** How many partitions of one table come in by rank, and how many may be shown; room -1: not even `_other`. */
interface Share {
  readonly enter: number;
  readonly room: number;
  /** What would be shown if there were no limits but those of the configuration. */
  readonly wished: number;
}

function sharesOf(
  database: string,
  tables: readonly PrintableTable[],
  allowance: PartitionAllowance,
  otherSeries: number,
): readonly Share[] {
  const { partitions, topPerTable } = allowance.limits;
  if (partitions === 'none') return tables.map(() => ({ enter: 0, room: -1, wished: -1 }));
  const tops = tables.map(({ view }) => (view.partitions === null ? 0 : mostWanted(view.partitions, topPerTable)));
  const counts = tables.map(({ view }) => view.partitions?.count ?? 0);
  const claim: Claim = { tables: tables.length, partitions: total(counts), wanted: total(tops) };
  const isAll = allowance.isAll(database, claim);
  const wanted = isAll ? counts : tops;
  const share = allowance.share(database, claim, otherSeries);
  const rooms = shareOut(wanted, Math.max(0, share));
  return tables.map((_, index) => {
    const [count = 0, want = 0, room = 0] = [counts[index], wanted[index], rooms[index]];
    const top = isAll ? count : Math.min(count, topPerTable);
    return { enter: room < want ? Math.floor((room * top) / Math.max(want, 1)) : top, room: share < 0 ? -1 : room, wished: top };
  });
}

/** At most so many of one table at once under `top`. */
function mostWanted(columns: PartitionColumns, topPerTable: number): number {
  const always = columns.rank.reduce((count, rank) => (rank > 0 ? count + 1 : count), 0);
  return Math.min(columns.count, Math.max(mostShown(topPerTable), always));
}

function printPartitions(
  printer: FamilyPrinter,
  table: PrintableTable,
  columns: PartitionColumns,
  { enter, room }: Share,
  isCollection: boolean,
): number {
  const { statistics, sticky } = table;
  const measures = measure(columns, statistics);
  const shown = room < 0 ? [] : sticky.choose(columns, measures.bytes, enter, room, isCollection);
  print(printer, table, [
    { name: 'partitions_exported', labels: {}, value: shown.length },
    { name: 'partitions_omitted', labels: {}, value: columns.count - shown.length },
    ...(room < 0 ? [] : partitionSamples(columns, statistics, measures, shown)),
  ]);
  return shown.length;
}

function print(printer: FamilyPrinter, { identity }: PrintableTable, samples: readonly GaugeSample[]): void {
  for (const { name, labels, value } of samples) {
    const own = renderLabels(labels);
    printer.add(name, renderSample(metricPrefix + name, own === '' ? identity : `${identity},${own}`, value));
  }
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
